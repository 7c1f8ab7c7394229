//! Delay policies for retries and reconnects.
//!
//! A policy is a plain value that can be iterated any number of times; each iteration is one retry sequence of its
//! own, and its end means "give up".
//!
//! ```
//! use std::time::Duration;
//! use schmoozer_backoff::{Exponential, Jitter};
//!
//! let policy = Exponential::new(Duration::from_millis(50)).cap(Duration::from_secs(30)).jitter(Jitter::Full);
//! for delay in policy.into_iter().take(100) {
//!     assert!(delay <= Duration::from_secs(30));
//! }
//! ```

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "backoff")]
mod backoff_crate;
#[cfg(feature = "std")]
mod config;
mod constant;
mod decorrelated;
mod exponential;
mod factor;
mod fibonacci;
mod from_fn;
mod jitter;
mod linear;
mod nanos;
mod policy;
mod random;
mod retries;
mod sequence;
mod shape;
mod shaped;
mod then;

#[cfg(feature = "backoff")]
pub use backoff_crate::{AsBackoff, BackoffRetries, FromBackoff, NotExponential};
#[cfg(feature = "std")]
pub use config::{ConfigError, ConfigRetries, PolicyConfig};
pub use constant::Constant;
pub use decorrelated::Decorrelated;
pub use exponential::Exponential;
pub use fibonacci::Fibonacci;
pub use from_fn::{FromFn, from_fn};
pub use jitter::Jitter;
pub use linear::Linear;
pub use policy::Policy;
pub use random::stir;
pub use retries::Retries;
pub use sequence::Sequence;
pub use shaped::Shaped;
pub use then::Then;
