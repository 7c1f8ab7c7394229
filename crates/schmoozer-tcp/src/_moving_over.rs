//! Moving over from other crates: before, after, item by item, and what behaves differently.
//!
//! | you have | read |
//! | --- | --- |
//! | `schmoozer` 0.4.1 | [`from_schmoozer_0_4`] |
//! | stubborn-io | [`from_stubborn_io`] |
//! | a loop of your own around `TcpStream::connect` and `sleep` | [`from_a_loop`] |
//! | `backoff`, backon, tokio-retry or tokio-retry2 around a connect, or around anything else | [`schmoozer_backoff::_moving_over`] |
//!
//! Each page takes ten minutes at most, with the edits. Tests compile the code before and after with the named version of
//! the other crate: `cargo test -p bench --doc`.

// Tested where the other crates are dependencies, in crates/bench.

#[cfg_attr(not(doctest), doc = include_str!("_moving_over/from_schmoozer_0_4.md"))]
pub mod from_schmoozer_0_4 {}

#[cfg_attr(not(doctest), doc = include_str!("_moving_over/from_stubborn_io.md"))]
pub mod from_stubborn_io {}

#[cfg_attr(not(doctest), doc = include_str!("_moving_over/from_a_loop.md"))]
pub mod from_a_loop {}
