//! What the schmoozer crates cost and do, beside their peers.
//!
//! `cargo xtask bench` asks the questions; the tests hold the answers that are the same on every machine.
#![forbid(unsafe_code)]

mod attempt;
mod bare;
mod delays;
mod instructions;
mod loops;
mod ours;
#[cfg(feature = "peers")]
mod peers;

pub use attempt::{attempts_left, set_attempts};
pub use delays::{DELAYS, DelaySource};
pub use instructions::instructions;
pub use loops::{LOOPS, Loop, Operation, drive};
