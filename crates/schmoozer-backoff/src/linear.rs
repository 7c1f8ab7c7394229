//! Delays that grow by a fixed step.

use core::time::Duration;

use fastrand::Rng;

use crate::nanos::nanos;
use crate::retries::{Progression, Retries};
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
    /// Starts with `initial` and adds as much each time, for ever, without cap and without jitter.
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

impl IntoIterator for Linear {
    type Item = Duration;
    type IntoIter = Retries<Self>;

    fn into_iter(self) -> Retries<Self> {
        Retries::new(
            Stairs {
                next: nanos(self.initial),
                step: nanos(self.step),
            },
            self.shape,
        )
    }
}

/// The next base delay, and what is added to it.
#[derive(Debug)]
pub struct Stairs {
    next: u64,
    step: u64,
}

impl Progression for Linear {
    type State = Stairs;

    #[inline]
    fn next(stairs: &mut Stairs, _cap: u64, _rng: &mut Rng) -> Option<u64> {
        let base = stairs.next;
        stairs.next = base.saturating_add(stairs.step);
        Some(base)
    }

    #[inline]
    fn repeats(_stairs: &Stairs, base: u64, cap: u64) -> bool {
        base >= cap
    }
}
