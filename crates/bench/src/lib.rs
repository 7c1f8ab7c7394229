//! What the schmoozer crates cost and do, beside their peers.
//!
//! `cargo xtask bench` asks the questions; the tests hold the answers that are the same on every machine.
#![forbid(unsafe_code)]

mod attempt;
mod bare;
#[cfg(feature = "peers")]
mod clients;
mod delays;
mod dials;
mod instructions;
mod loops;
mod measured_on;
#[cfg(all(doctest, feature = "peers"))]
mod moving_over;
mod ours;
#[cfg(feature = "peers")]
mod parked;
#[cfg(feature = "peers")]
mod peers;
mod peers_apart;
#[cfg(feature = "peers")]
mod seen;

pub use attempt::{attempts_left, set_attempts};
#[cfg(feature = "peers")]
pub use clients::{CLIENTS, Client, Running};
pub use delays::{DELAYS, DelaySource, SEQUENCE};
pub use dials::{DIALS, Dial, Dialing};
pub use instructions::{UNITS, instructions, missing_counter};
pub use loops::{LOOPS, Loop, Operation, Retried};
pub use measured_on::measured_on;
#[cfg(feature = "peers")]
pub use parked::{PARKED, Parked};
pub use peers_apart::peers_apart;
#[cfg(feature = "peers")]
pub use seen::Seen;
