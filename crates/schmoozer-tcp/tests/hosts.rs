//! Dialing in processes and on hosts that tests make for themselves.
//!
//! Apart from `sockets`, since a process that is being started holds every socket of the one that starts it for a moment:
//! what a test there closes would not be closed then.

#![cfg(target_os = "linux")]

mod harness;
mod machines;

use harness::{Result, checked, kernel};
use machines::{network, rerun};
