//! The same delay every time.

use core::time::Duration;

use fastrand::Rng;

use crate::nanos::nanos;
use crate::retries::{Progression, Retries};
use crate::shape::{Shape, options};

/// Waits for the same time before every retry.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use schmoozer_backoff::Constant;
///
/// let policy = Constant::new(Duration::from_secs(5)).max_retries(2);
/// let delays: Vec<_> = policy.into_iter().collect();
/// assert_eq!(delays, [Duration::from_secs(5), Duration::from_secs(5)]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "a policy does nothing until it is iterated"]
pub struct Constant {
    pub(crate) delay: Duration,
    pub(crate) shape: Shape,
}

impl Constant {
    /// Waits for `delay` each time, for ever, without jitter.
    pub const fn new(delay: Duration) -> Self {
        Self {
            delay,
            shape: Shape::PLAIN,
        }
    }
}

options!(Constant);

impl IntoIterator for Constant {
    type Item = Duration;
    type IntoIter = Retries<Self>;

    fn into_iter(self) -> Retries<Self> {
        Retries::new(nanos(self.delay), self.shape)
    }
}

impl Progression for Constant {
    type State = u64;

    #[inline]
    fn next(delay: &mut u64, _cap: u64, _rng: &mut Rng) -> Option<u64> {
        Some(*delay)
    }

    #[inline]
    fn repeats(_delay: &u64, _base: u64, _cap: u64) -> bool {
        true
    }
}
