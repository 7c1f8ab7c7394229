//! Dialing on real loopback sockets, without privileges.

#![cfg(target_os = "linux")]

mod connector;
mod dial;
mod endpoints;
mod failback;
#[path = "../harness/mod.rs"]
mod harness;
#[cfg(feature = "hickory")]
mod hickory;
mod hostile;
mod logins;
mod options;
mod outages;
mod reach;
mod scripted;
mod steered;
mod storm;
mod upgraded;

use harness::{Result, checked, checker, kernel};
