//! Delay policies for retries and reconnects: jitter that holds at the cap, no clock, no async, no allocation.
//!
//! A policy is a plain value that you iterate, any number of times. Each iteration ([`Delays`]) is one retry sequence with
//! random numbers of its own. When it ends, the caller gives up.
//!
//! ```
//! use std::time::Duration;
//! use schmoozer_backoff::{Exponential, Jitter};
//!
//! const POLICY: Exponential = Exponential::new(Duration::from_millis(50))
//!     .cap(Duration::from_secs(30))
//!     .jitter(Jitter::Full)
//!     .max_retries(8);
//!
//! fn connect(attempt: usize) -> Result<&'static str, &'static str> {
//!     if attempt < 3 { Err("refused") } else { Ok("connected") }
//! }
//!
//! let mut delays = POLICY.into_iter();
//! let mut attempt = 1;
//! let result = loop {
//!     match connect(attempt) {
//!         Ok(connection) => break Ok(connection),
//!         Err(error) => match delays.next() {
//!             Some(delay) => println!("{error}; again in {delay:?}"), // and wait
//!             None => break Err(error),
//!         },
//!     }
//!     attempt += 1;
//! };
//! assert_eq!(result, Ok("connected"));
//! ```
//!
//! # Which policy for what
//!
//! | what for | policy |
//! | --- | --- |
//! | keeping a connection | [`Exponential::default`]: from 50 ms to 1 s |
//! | a connection that many clients keep to one server | [`Rounds`]; [which policy for how many clients](_guide) has the figures |
//! | what gRPC does | [`Exponential::grpc`]: from 1 s to 120 s |
//! | a request that fails now and then | [`Exponential::new`] with [`Jitter::Full`] and `max_retries(3)` |
//! | several clients that compete for one resource | [`Decorrelated`]: no steps that they could share |
//! | something whose repair takes a known time | [`Constant`] with [`Jitter::Equal`] |
//! | slower growth | [`Fibonacci`] (×1.6), [`Linear`] |
//! | a list of delays | [`Sequence`] |
//! | a quick start, then patience | [`Policy::then`] |
//! | a choice that the user makes | `PolicyConfig` (feature `config`) |
//!
//! [`Policy`] gives the same options to anything else that yields durations: to arrays, and to strategies of other
//! crates.
//!
//! # Jitter and cap
//!
//! In a long outage every client reaches the cap. The jitter at the cap then decides whether they come back together, and
//! this is where crates differ. The table shows the delays of eight clients at a cap of 10 s:
//!
//! | | different delays | the longest | |
//! | --- | --- | --- | --- |
//! | this crate | 8 | 10.0 s | spread under the cap |
//! | tokio-retry 0.3 | 8 | 10.0 s | spread under the cap; full jitter only |
//! | stubborn-io 0.3 | 1 | 10 s | cut to the cap after the jitter |
//! | exponential-backoff 2.1 | 1 | 10 s | cut to the cap after the jitter |
//! | tower 0.5 | 1 | 10 s | jitter in what is left below the cap: nothing |
//! | backon 1.6 | 8 | 20.0 s | jitter on top of the cap |
//! | backoff 0.4 | 8 | 15.0 s | jitter around the cap |
//! | tokio-retry2 0.9 | 8 | 15.0 s | jitter around the cap |
//!
//! Printed by `cargo test -p bench --test peers_at_the_cap -- --nocapture`.
//!
//! # Where randomness comes from
//!
//! No two sequences share random numbers: not those of a policy's clones, of two threads, of two processes, or of a process
//! and its fork. (tower's back-offs from one maker all replay the same jitter.) `seeded` is the one exception, for tests.
//! The seed of a sequence is made of
//!
//! - 64 bits from the operating system, drawn once in each process (feature `std`). So two containers differ, even if
//!   each runs its process as number 1. Two machines that started at the same moment differ, too;
//! - the number of the sequence in its process, so that clones and threads differ;
//! - the process id (on Unix), read again for each sequence. A forked worker inherits everything else. A fork into a
//!   new PID namespace can have the same id as its parent, and would then repeat the parent's numbers: give such a
//!   worker something to [`stir`] in;
//! - what was given to [`stir`]. Without `std`, this is the only part that differs between devices.
//!
//! The generator is wyrand, from `fastrand`. It spreads clients; do not use its numbers as secrets.
//!
//! # Coming from another crate
//!
//! [`_moving_over`] has programs before and after, and says what replaces each item. A policy of another crate that is
//! an iterator of durations also works without any change. For a backon builder use [`from_fn`].
//!
//! # Arithmetic
//!
//! Delays are whole nanoseconds in 64 bits. A longer one counts as 584 years. Nothing overflows, and nothing panics once
//! a policy is built. No delay passes its cap, and no limit cuts a delay: one that no longer fits ends the retries. Without
//! jitter delays never shrink, except where they are drawn ([`Decorrelated`], [`Rounds`]) or come from a list or from
//! elsewhere ([`Sequence`], [`Policy::then`], [`Shaped`]).
//!
//! # Speed
//!
//! A jittered delay takes 24 instructions at the cap, 46 with `max_retries` and `max_total`, and 91 while it still grows.
//! backon takes 136, tokio-retry 152, tokio-retry2 161, backoff 236, exponential-backoff 168, retry-policies 354. Four of
//! each are those of the loop that draws. Counted by `cargo xtask bench --only delay` on x86-64, Rust 1.95.
//!
//! # Features
//!
//! - `std` (default): randomness from the operating system. Without it the crate is `no_std` and allocates nothing, but
//!   has no entropy: see [`stir`].
//! - `config`: `PolicyConfig`, any policy as text, with `FromStr` and `Display`. It is more code than all policies
//!   together, and most programs choose their policy in code.
//! - `serde`: `config`, and `PolicyConfig` in configuration files.
//! - `backoff`: both ways between policies and the `Backoff` trait of the `backoff` crate, so that code on it can move
//!   over one call at a time. That crate is unmaintained
//!   ([RUSTSEC-2025-0012](https://rustsec.org/advisories/RUSTSEC-2025-0012.html)) and needs `instant`, which is too
//!   ([RUSTSEC-2024-0384](https://rustsec.org/advisories/RUSTSEC-2024-0384.html)): it is compiled only on request.
//!
//! The one dependency without these features is `fastrand`.

#![no_std]
#![forbid(unsafe_code)]
#![warn(unnameable_types)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "std")]
extern crate std;

pub mod _guide;
pub mod _moving_over;
#[cfg(feature = "backoff")]
mod backoff_crate;
mod base;
#[cfg(feature = "config")]
mod config;
mod constant;
mod decorrelated;
mod delays;
mod exponential;
mod factor;
mod fibonacci;
mod from_fn;
mod jitter;
mod linear;
mod nanos;
mod policy;
mod random;
mod rounds;
mod sequence;
mod shape;
mod shaped;
mod then;

#[cfg(feature = "backoff")]
pub use backoff_crate::{AsBackoff, BackoffDelays, FromBackoff, NotExponential};
#[cfg(feature = "config")]
pub use config::{ConfigError, PolicyConfig, format_duration, parse_duration};
pub use constant::Constant;
pub use decorrelated::Decorrelated;
pub use delays::Delays;
pub use exponential::Exponential;
pub use fibonacci::Fibonacci;
pub use from_fn::{FromFn, from_fn};
pub use jitter::Jitter;
pub use linear::Linear;
pub use policy::Policy;
pub use random::stir;
pub use rounds::Rounds;
pub use sequence::{Listed, Sequence};
pub use shaped::Shaped;
pub use then::Then;

#[cfg(all(doctest, feature = "config"))]
#[doc = include_str!("../README.md")]
struct Readme;
