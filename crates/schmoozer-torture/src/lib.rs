//! Many connectors on real sockets, among servers that fail, for a long time.
//!
//! A [`Soak`] keeps thousands of connectors on loopback while their servers refuse, close, reset, fall
//! silent and come back. At its end there is a [`Verdict`] on each of four things: that all are
//! connected, that the memory has not grown, that no descriptor was lost, and that the pacer's bound
//! was never passed.
//!
//! The servers run in a process of their own ([`serve`]), so that what is measured holds the clients
//! alone, and each process needs descriptors for one end of a connection only.
#![forbid(unsafe_code)]

mod bound;
mod host;
mod hosts;
mod ledger;
mod process;
mod progress;
mod service;
mod soak;
mod verdict;

pub use host::serve;
pub use process::allow_descriptors;
pub use progress::Progress;
pub use soak::{Report, Soak};
pub use verdict::Verdict;
