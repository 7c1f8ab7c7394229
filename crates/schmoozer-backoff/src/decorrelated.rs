//! Delays that depend on chance and on the delay before.

use core::time::Duration;

use crate::base::Base;
use crate::delays::Delays;
use crate::nanos::nanos;
use crate::shape::{Shape, options};

/// Draws each delay from the initial one up to three times the delay before it.
///
/// This is "decorrelated jitter" of Marc Brooker's "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015),
/// with one difference. There the delay is cut to the cap after it was drawn, which puts two of three clients at the
/// cap on the cap itself, all in one moment; here it is drawn from the part of the window that lies under the cap.
///
/// It brings its own spread, so it needs no further [`jitter`](Self::jitter).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use schmoozer_backoff::Decorrelated;
///
/// let policy = Decorrelated::new(Duration::from_millis(100)).cap(Duration::from_secs(10));
/// for delay in policy.into_iter().take(100) {
///     assert!(delay >= Duration::from_millis(100) && delay <= Duration::from_secs(10));
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "a policy does nothing until it is iterated"]
pub struct Decorrelated {
    pub(crate) initial: Duration,
    pub(crate) shape: Shape,
}

impl Decorrelated {
    /// Draws the first delay from `initial` to three times that, and goes on forever, without cap.
    ///
    /// A zero stays zero. An `initial` at or above the cap leaves nothing to draw from, so that each delay is the cap: give
    /// such a policy [`jitter`](Self::jitter).
    pub const fn new(initial: Duration) -> Self {
        Self {
            initial,
            shape: Shape::PLAIN,
        }
    }
}

options!(Decorrelated);

impl Decorrelated {
    pub(crate) const fn base<I>(self) -> Base<I> {
        let initial = nanos(self.initial);
        Base::Decorrelated {
            initial,
            last: initial,
        }
    }
}

impl IntoIterator for Decorrelated {
    type Item = Duration;
    type IntoIter = Delays;

    fn into_iter(self) -> Delays {
        Delays::new(self.base(), self.shape)
    }
}
