//! Real programs on the schmoozer crates, one directory or file each, beside this package.
//!
//! Here is only what several of them need: a server to demonstrate themselves against, and numbers for people.
//! Those that need larger crates are the package `larger-examples`.

mod numbers;
mod server;

pub use numbers::thousands;
pub use server::Server;

/// The program in the project's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
