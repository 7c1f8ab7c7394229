//! Real programs on the schmoozer crates, one directory or file each, beside this package.
//!
//! Here is only what several of them need: servers to demonstrate themselves against, and numbers for people.

mod numbers;
mod postgres;
mod redis;
mod server;

pub use numbers::thousands;
pub use postgres::FakePostgres;
pub use redis::FakeRedis;
pub use server::Server;

/// The program in the project's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
