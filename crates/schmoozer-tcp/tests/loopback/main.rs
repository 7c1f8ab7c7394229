//! Dialing on real loopback sockets, without privileges. What is tested where: `tests/README.md`.

#![cfg(target_os = "linux")]

mod black_hole;
mod dial;
mod endpoints;
#[cfg(feature = "hickory")]
mod hickory;
#[cfg(feature = "hickory")]
mod name_server;
mod options;
mod scripted;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;
