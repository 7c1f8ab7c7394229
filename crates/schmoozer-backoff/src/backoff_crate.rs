//! Both ways between our policies and the trait of the `backoff` crate.

use core::fmt;
use core::time::Duration;

use ::backoff::backoff::Backoff;
use ::backoff::exponential::ExponentialBackoff;

use crate::{Exponential, Jitter, Policy};

/// Lends a policy to code that wants a [`Backoff`] of the `backoff` crate.
///
/// `reset` starts a fresh retry sequence.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use backoff::backoff::Backoff;
/// use schmoozer_backoff::{AsBackoff, Exponential};
///
/// let mut delays = AsBackoff::new(Exponential::new(Duration::from_secs(1)));
/// assert_eq!(delays.next_backoff(), Some(Duration::from_secs(1)));
/// assert_eq!(delays.next_backoff(), Some(Duration::from_secs(2)));
/// delays.reset();
/// assert_eq!(delays.next_backoff(), Some(Duration::from_secs(1)));
/// ```
#[derive(Debug)]
pub struct AsBackoff<P: Policy> {
    policy: P,
    delays: P::IntoIter,
}

impl<P: Policy> AsBackoff<P> {
    /// Starts the first retry sequence of `policy`.
    pub fn new(policy: P) -> Self {
        Self {
            delays: policy.clone().into_iter(),
            policy,
        }
    }
}

impl<P: Policy> Backoff for AsBackoff<P> {
    fn reset(&mut self) {
        self.delays = self.policy.clone().into_iter();
    }

    fn next_backoff(&mut self) -> Option<Duration> {
        self.delays.next()
    }
}

/// Makes a policy of a [`Backoff`] of the `backoff` crate.
///
/// Each retry sequence resets a clone of it, which restarts its clock too: a `max_elapsed_time` counts from there.
///
/// # Examples
///
/// ```
/// use backoff::ExponentialBackoff;
/// use schmoozer_backoff::{FromBackoff, Policy};
///
/// let policy = FromBackoff::new(ExponentialBackoff::default()).max_retries(5);
/// assert_eq!(policy.into_iter().count(), 5);
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use = "a policy does nothing until it is iterated"]
pub struct FromBackoff<B> {
    backoff: B,
}

impl<B: Backoff + Clone> FromBackoff<B> {
    /// Takes `backoff` as the one that every retry sequence clones and resets.
    pub const fn new(backoff: B) -> Self {
        Self { backoff }
    }
}

impl<B: Backoff> IntoIterator for FromBackoff<B> {
    type Item = Duration;
    type IntoIter = BackoffDelays<B>;

    fn into_iter(mut self) -> BackoffDelays<B> {
        self.backoff.reset();
        BackoffDelays {
            backoff: self.backoff,
        }
    }
}

/// Yields the delays of one retry sequence of a [`FromBackoff`].
#[derive(Debug)]
pub struct BackoffDelays<B> {
    backoff: B,
}

impl<B: Backoff> Iterator for BackoffDelays<B> {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.backoff.next_backoff()
    }
}

/// Says which field of an `ExponentialBackoff` no [`Exponential`] can have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NotExponential {
    field: &'static str,
    value: f64,
    allowed: &'static str,
}

impl fmt::Display for NotExponential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is {}, not {}",
            self.field, self.value, self.allowed
        )
    }
}

impl core::error::Error for NotExponential {}

/// Takes over the initial interval, multiplier, randomization factor and maximal interval, and so the delays, with two
/// differences:
///
/// - At the maximal interval `m`, their delays are from `m·(1-r)` to `m·(1+r)`; ours stay below the cap `m`.
/// - A `max_elapsed_time` becomes a [`max_total`](Exponential::max_total) of delays, since a policy of ours reads no
///   clock: the time that attempts take is no longer counted.
///
/// # Errors
///
/// If the multiplier is not a finite number of at least 1, or the randomization factor is not from 0 to 1.
impl<C> TryFrom<&ExponentialBackoff<C>> for Exponential {
    type Error = NotExponential;

    fn try_from(theirs: &ExponentialBackoff<C>) -> Result<Self, NotExponential> {
        let (factor, share) = (theirs.multiplier, theirs.randomization_factor);
        let refuse = |field, value, allowed| {
            Err(NotExponential {
                field,
                value,
                allowed,
            })
        };
        if !(factor >= 1.0 && factor.is_finite()) {
            return refuse("multiplier", factor, "a finite number of at least 1");
        }
        if !(0.0..=1.0).contains(&share) {
            return refuse("randomization_factor", share, "from 0 to 1");
        }
        let jitter = if share == 0.0 {
            Jitter::None
        } else {
            Jitter::Proportional(share)
        };
        let ours = Self::new(theirs.initial_interval)
            .factor(factor)
            .cap(theirs.max_interval)
            .jitter(jitter);
        Ok(match theirs.max_elapsed_time {
            Some(total) => ours.max_total(total),
            None => ours,
        })
    }
}
