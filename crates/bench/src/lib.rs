//! What the schmoozer crates cost and do, beside their peers.
//!
//! `cargo xtask bench` asks the questions; the tests hold the answers that are the same on every machine.
#![forbid(unsafe_code)]

mod acceptor;
mod attempt;
mod bare;
mod delays;
mod dials;
mod instructions;
mod loops;
#[cfg(all(doctest, feature = "peers"))]
mod moving_over;
mod ours;
#[cfg(feature = "peers")]
mod parked;
#[cfg(feature = "peers")]
mod peers;

pub use acceptor::Acceptor;
pub use attempt::{attempts_left, set_attempts};
pub use delays::{DELAYS, DelaySource, SEQUENCE};
pub use dials::{DIALS, Dial, Dialing};
pub use instructions::instructions;
pub use loops::{LOOPS, Loop, Operation};
#[cfg(feature = "peers")]
pub use parked::{PARKED, Parked};
