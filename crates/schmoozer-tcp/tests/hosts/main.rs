//! Dialing in processes and on hosts that tests make for themselves.
//!
//! Apart from `sockets`, since a process that is being started holds every socket of the one that starts it for a moment:
//! what a test there closes would not be closed then.

#![cfg(target_os = "linux")]

mod bad_network;
#[path = "../harness/mod.rs"]
mod harness;
#[cfg(feature = "hickory")]
mod hickory;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod lacking;
mod limits;
mod lookups;
mod network;
mod rerun;
mod routes;
#[expect(
    dead_code,
    reason = "no lookup takes long or fails here, and none is counted"
)]
#[path = "../sockets/scripted.rs"]
mod scripted;

use harness::{Result, checked, kernel};
