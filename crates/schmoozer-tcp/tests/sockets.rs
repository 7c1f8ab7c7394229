//! Dialing on real loopback sockets, without privileges.

mod harness;
mod loopback;

use harness::{Result, checked, checker, complete, kernel};
use loopback::{connector, scripted};
