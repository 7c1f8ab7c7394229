//! What takes long: many connectors on real sockets among servers that fail, real servers that are
//! killed, and a [`simulation`] of a network that breaks.
//!
//! A [`Soak`] keeps thousands of connectors on loopback while their servers refuse, close, reset, fall
//! silent and come back. At its end there is a [`Verdict`] on each of four things: that all are
//! connected, that the memory has not grown, that no descriptor was lost, and that the pacer's bound
//! was never passed.
//!
//! The servers run in a process of their own ([`serve`]), so that what is measured holds the clients
//! alone, and each process needs descriptors for one end of a connection only.
//!
//! A [`KillRun`] puts a few clients on a real server, redis or `PostgreSQL`, and kills that again and again.
//! Its verdicts are on other four: that each client came back and subscribed each time, that nothing
//! was missed which the server had promised to pass on, that the events came in the order of the
//! contract, and that each outage was one warning.
#![forbid(unsafe_code)]

mod bound;
mod client;
mod client_report;
mod host;
mod hosts;
mod kill_run;
mod ledger;
mod lines;
mod postgres;
mod process;
mod program;
mod progress;
mod promises;
mod redis;
mod scratch;
mod server;
mod service;
pub mod simulation;
mod soak;
mod user;
mod verdict;

pub use host::serve;
pub use kill_run::KillRun;
pub use process::allow_descriptors;
pub use program::{Installed, Missing, Program};
pub use progress::Progress;
pub use soak::{Report, Soak};
pub use verdict::Verdict;
