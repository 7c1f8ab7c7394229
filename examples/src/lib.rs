//! Real programs on the schmoozer crates, one directory or file each, beside this package.
//!
//! Here is only what several of them or their tests need: an outage to demonstrate themselves in, numbers for
//! people, and cargo as a shell runs it. Those that need larger crates are the package `larger-examples`.

mod cargo;
mod numbers;
mod outage;

pub use cargo::{cargo, example};
pub use numbers::thousands;
pub use outage::outage;

/// The program in the project's README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
