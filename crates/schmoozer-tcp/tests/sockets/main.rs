//! Dialing on real loopback sockets, without privileges.

#![cfg(target_os = "linux")]

mod black_hole;
mod connector;
mod dial;
mod endpoints;
#[path = "../harness/mod.rs"]
mod harness;
#[cfg(feature = "hickory")]
mod hickory;
mod hostile;
#[cfg(feature = "hickory")]
mod name_server;
mod options;
mod outages;
mod reach;
mod scripted;
mod steered;

use harness::{Result, checked, kernel};
