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

mod constant;
mod exponential;
mod factor;
mod jitter;
mod nanos;
mod policy;
mod random;
mod retries;
mod shape;
mod shaped;

pub use constant::Constant;
pub use exponential::Exponential;
pub use jitter::Jitter;
pub use policy::Policy;
pub use random::stir;
pub use retries::Retries;
pub use shaped::Shaped;
