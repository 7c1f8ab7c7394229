//! Delays that are each the sum of the two before.

use core::time::Duration;

use crate::base::Base;
use crate::delays::Delays;
use crate::nanos::nanos;
use crate::shape::{Shape, options};

/// Waits for 1, 1, 2, 3, 5, 8, … times the initial delay: growth by about 1.6, after a start that repeats itself.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use schmoozer_backoff::Fibonacci;
///
/// let policy = Fibonacci::new(Duration::from_secs(1)).cap(Duration::from_secs(6)).max_retries(6);
/// let delays: Vec<_> = policy.into_iter().map(|delay| delay.as_secs()).collect();
/// assert_eq!(delays, [1, 1, 2, 3, 5, 6]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "a policy does nothing until it is iterated"]
pub struct Fibonacci {
    pub(crate) initial: Duration,
    pub(crate) shape: Shape,
}

impl Fibonacci {
    /// Takes `initial` as the unit, forever, without cap and without jitter.
    pub const fn new(initial: Duration) -> Self {
        Self {
            initial,
            shape: Shape::PLAIN,
        }
    }
}

options!(Fibonacci);

impl Fibonacci {
    pub(crate) const fn base<I>(self) -> Base<I> {
        let initial = nanos(self.initial);
        Base::Fibonacci {
            next: initial,
            after: initial,
        }
    }
}

impl IntoIterator for Fibonacci {
    type Item = Duration;
    type IntoIter = Delays;

    fn into_iter(self) -> Delays {
        Delays::new(self.base(), self.shape)
    }
}
