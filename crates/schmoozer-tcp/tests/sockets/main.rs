//! Dialing on real loopback sockets, without privileges. What is tested where: `tests/README.md`.

#![cfg(target_os = "linux")]

mod bad_network;
mod black_hole;
mod connector;
mod dial;
mod endpoints;
#[cfg(feature = "hickory")]
mod hickory;
mod hostile;
mod kernel;
mod limits;
mod lookups;
#[cfg(feature = "hickory")]
mod name_server;
mod network;
mod options;
mod outages;
mod rerun;
mod routes;
mod scripted;
mod steered;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;
