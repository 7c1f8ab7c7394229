//! Delays that grow by a fixed step.

use core::time::Duration;

use crate::base::Base;
use crate::delays::Delays;
use crate::nanos::nanos;
use crate::shape::{Shape, options};

/// Adds the same step to the delay from one retry to the next.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use schmoozer_backoff::Linear;
///
/// let policy = Linear::new(Duration::from_secs(1))
///     .step(Duration::from_millis(500))
///     .max_retries(3);
/// let delays: Vec<_> = policy.into_iter().map(|delay| delay.as_millis()).collect();
/// assert_eq!(delays, [1000, 1500, 2000]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "a policy does nothing until it is iterated"]
pub struct Linear {
    pub(crate) initial: Duration,
    pub(crate) step: Duration,
    pub(crate) shape: Shape,
}

impl Linear {
    /// Starts with `initial` and adds as much each time, forever, without cap and without jitter.
    pub const fn new(initial: Duration) -> Self {
        Self {
            initial,
            step: initial,
            shape: Shape::PLAIN,
        }
    }

    /// Adds `step` instead of the initial delay.
    pub const fn step(mut self, step: Duration) -> Self {
        self.step = step;
        self
    }
}

options!(Linear);

impl Linear {
    pub(crate) const fn base<I>(self) -> Base<I> {
        Base::Linear {
            next: nanos(self.initial),
            step: nanos(self.step),
        }
    }
}

impl IntoIterator for Linear {
    type Item = Duration;
    type IntoIter = Delays;

    fn into_iter(self) -> Delays {
        Delays::new(self.base(), self.shape)
    }
}
