//! Moving over from other crates: before, after, item by item, and what behaves differently.
//!
//! | you have | read |
//! | --- | --- |
//! | `backoff` 0.4 | [`from_backoff`] |
//! | backon 1.6 | [`from_backon`] |
//! | tokio-retry 0.3, tokio-retry2 0.9 | [`from_tokio_retry`] |
//! | `schmoozer` 0.4.1, stubborn-io, a loop of your own | the module `moving_over` of `schmoozer-tcp` |
//!
//! Each page takes ten minutes at most, editing included. The code on both sides of the arrow is tested, with the
//! version of the other crate that the page names: `cargo xtask check --only doctest`.

// Tested where the other crates are dependencies, in schmoozer-bench.

#[cfg_attr(not(doctest), doc = include_str!("moving_over/from_backoff.md"))]
pub mod from_backoff {}

#[cfg_attr(not(doctest), doc = include_str!("moving_over/from_backon.md"))]
pub mod from_backon {}

#[cfg_attr(not(doctest), doc = include_str!("moving_over/from_tokio_retry.md"))]
pub mod from_tokio_retry {}
