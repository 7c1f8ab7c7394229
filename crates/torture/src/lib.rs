//! What takes long: many connectors on real sockets among servers that fail, real servers, chaos, the default settings,
//! and a [`simulation`] of a network that breaks.
//!
//! | | |
//! | --- | --- |
//! | [`Soak`] | keeps thousands of connectors on loopback while their servers ([`serve`], in another process) fail |
//! | [`KillRun`] | kills redis or `PostgreSQL` again and again under its clients |
//! | [`Installed::play`] | plays scenes with another real server |
//! | [`Chaos`] | has all go wrong at random, as a seed says |
//! | [`rows`] | runs each row of the reliability page with the defaults |
//!
//! Each returns a [`Verdict`] on each thing that must hold. The `README.md` says what they are.
#![forbid(unsafe_code)]

mod bound;
mod chaos;
mod client;
mod hosts;
mod kill_run;
mod mosquitto;
mod names;
mod nats;
mod openssl;
mod postgres;
mod process;
mod program;
mod promises;
mod proxies;
mod redis;
mod report;
mod requests;
pub mod rows;
mod scene;
mod server;
pub mod simulation;
mod soak;
mod verdict;

pub use chaos::Chaos;
pub use hosts::serve;
pub use kill_run::KillRun;
pub use process::allow_descriptors;
pub use program::{Installed, Program};
pub use scene::Scene;
pub use soak::{Report, Soak};
pub use verdict::Verdict;
