//! Delays that are each the sum of the two before.

use core::time::Duration;

use fastrand::Rng;

use crate::nanos::nanos;
use crate::retries::{Progression, Retries};
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
    /// Takes `initial` as the unit, for ever, without cap and without jitter.
    pub const fn new(initial: Duration) -> Self {
        Self {
            initial,
            shape: Shape::PLAIN,
        }
    }
}

options!(Fibonacci);

impl IntoIterator for Fibonacci {
    type Item = Duration;
    type IntoIter = Retries<Self>;

    fn into_iter(self) -> Retries<Self> {
        let initial = nanos(self.initial);
        Retries::new(
            Pair {
                next: initial,
                after: initial,
            },
            self.shape,
        )
    }
}

/// The next two base delays.
#[derive(Debug)]
pub struct Pair {
    next: u64,
    after: u64,
}

impl Progression for Fibonacci {
    type State = Pair;

    #[inline]
    fn next(pair: &mut Pair, _cap: u64, _rng: &mut Rng) -> Option<u64> {
        let base = pair.next;
        pair.next = pair.after;
        pair.after = pair.after.saturating_add(base);
        Some(base)
    }

    #[inline]
    fn repeats(_pair: &Pair, base: u64, cap: u64) -> bool {
        base >= cap
    }
}
