//! Real programs on the schmoozer crates, one directory or file each, beside this package.
//!
//! Here is only what they demonstrate themselves against.

mod server;

pub use server::Server;

/// The program in the project's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
