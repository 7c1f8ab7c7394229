//! Moving over from other crates: before, after, item by item, and what behaves differently.
//!
//! | you have | read |
//! | --- | --- |
//! | `backoff` 0.4 | [`from_backoff`] |
//! | backon 1.6 | [`from_backon`] |
//! | tokio-retry 0.3, tokio-retry2 0.9 | [`from_tokio_retry`] |
//! | `schmoozer` 0.4.1, stubborn-io, a loop of your own | the module `_moving_over` of `schmoozer-tcp` |
//!
//! The same policy in one line, jitter apart, which `cargo test -p bench --test equivalents` checks:
//!
//! - backon's `ExponentialBuilder::default()`:
//!   `Exponential::new(1 s).cap(60 s).max_retries(3)`
//! - `backoff`'s `ExponentialBackoff::default()`:
//!   `Exponential::new(500 ms).factor(1.5).cap(60 s).jitter(Jitter::Proportional(0.5)).max_total(900 s)`
//! - tokio-retry's `ExponentialBackoff::from_millis(2).factor(1000).map(jitter).take(3)`:
//!   `Exponential::new(2 s).jitter(Jitter::Full).max_retries(3)`
//! - tokio-retry's `FixedInterval::from_millis(n)` and `FibonacciBackoff::from_millis(n)`:
//!   `Constant::new(n ms)` and `Fibonacci::new(n ms)`
//! - tokio-retry2's `ExponentialFactorBackoff::from_millis(500, 2.0).map(jitter)`:
//!   `Exponential::new(500 ms).jitter(Jitter::Proportional(0.5))`
//! - exponential-backoff's `Backoff::new(8, 100 ms, 10 s)`:
//!   `Exponential::new(100 ms).cap(10 s).jitter(Jitter::Proportional(0.3)).max_retries(7)`
//! - retry-policies' `ExponentialBackoff::builder().build_with_max_retries(3)`:
//!   `Exponential::new(1 s).cap(1800 s).jitter(Jitter::Full).max_retries(3)`
//!
//! Each page takes ten minutes at most, editing included. The code on both sides of the arrow is tested, with the
//! version of the other crate that the page names: `cargo xtask check --only doctest`.

// Tested where the other crates are dependencies, in crates/bench.

#[cfg_attr(not(doctest), doc = include_str!("_moving_over/from_backoff.md"))]
pub mod from_backoff {}

#[cfg_attr(not(doctest), doc = include_str!("_moving_over/from_backon.md"))]
pub mod from_backon {}

#[cfg_attr(not(doctest), doc = include_str!("_moving_over/from_tokio_retry.md"))]
pub mod from_tokio_retry {}
