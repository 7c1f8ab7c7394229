//! The same delay every time.

use core::time::Duration;

use crate::base::Base;
use crate::delays::Delays;
use crate::nanos::nanos;
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
    /// Waits for `delay` each time, forever, without jitter.
    pub const fn new(delay: Duration) -> Self {
        Self {
            delay,
            shape: Shape::PLAIN,
        }
    }
}

options!(Constant);

impl Constant {
    pub(crate) const fn base<I>(self) -> Base<I> {
        Base::Constant(nanos(self.delay))
    }
}

impl IntoIterator for Constant {
    type Item = Duration;
    type IntoIter = Delays;

    fn into_iter(self) -> Delays {
        Delays::new(self.base(), self.shape)
    }
}
