//! Delays that grow by a factor.

use core::time::Duration;

use fastrand::Rng;

use crate::Jitter;
use crate::factor::Factor;
use crate::nanos::nanos;
use crate::retries::{Progression, Retries};
use crate::shape::{Shape, options};

/// Multiplies the delay by a factor from one retry to the next.
///
/// `Exponential::default()` is the policy to keep a connection with; [`new`](Self::new) starts from nothing, for those who know what they
/// want. Delays are whole nanoseconds: each base delay is the one before it times the factor, rounded to the
/// nearest, until it reaches the cap.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use schmoozer_backoff::Exponential;
///
/// const POLICY: Exponential =
///     Exponential::new(Duration::from_millis(100)).factor(3.0).cap(Duration::from_secs(1)).max_retries(4);
///
/// let delays: Vec<_> = POLICY.into_iter().map(|delay| delay.as_millis()).collect();
/// assert_eq!(delays, [100, 300, 900, 1000]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "a policy does nothing until it is iterated"]
pub struct Exponential {
    pub(crate) initial: Duration,
    pub(crate) factor: f64,
    pub(crate) shape: Shape,
}

impl Exponential {
    /// Starts with `initial` and doubles, for ever, without cap and without jitter.
    ///
    /// A zero stays zero.
    pub const fn new(initial: Duration) -> Self {
        Self {
            initial,
            factor: 2.0,
            shape: Shape::PLAIN,
        }
    }

    /// Starts with 50 ms and doubles up to 1 s, with full jitter.
    pub const fn default() -> Self {
        Self::new(Duration::from_millis(50))
            .cap(Duration::from_secs(1))
            .jitter(Jitter::Full)
    }

    /// Starts with 1 s and multiplies by 1.6 up to 120 s, with a jitter of 20 %: gRPC's constants
    /// ("GRPC Connection Backoff Protocol", `doc/connection-backoff.md` in grpc/grpc).
    ///
    /// gRPC counts a delay from the start of the attempt before it, which is for the caller's loop to do.
    pub const fn grpc() -> Self {
        Self::new(Duration::from_secs(1))
            .factor(1.6)
            .cap(Duration::from_secs(120))
            .jitter(Jitter::Proportional(0.2))
    }

    /// Multiplies by `factor` instead of 2.
    ///
    /// # Panics
    ///
    /// If `factor` is not a finite number of at least 1.
    #[track_caller]
    pub const fn factor(mut self, factor: f64) -> Self {
        assert!(
            factor >= 1.0 && factor <= f64::MAX,
            "the factor of an exponential policy is finite and at least 1"
        );
        self.factor = factor;
        self
    }
}

options!(Exponential);

impl Default for Exponential {
    fn default() -> Self {
        Self::default()
    }
}

impl IntoIterator for Exponential {
    type Item = Duration;
    type IntoIter = Retries<Self>;

    fn into_iter(self) -> Retries<Self> {
        Retries::new(
            Growth {
                next: nanos(self.initial),
                factor: Factor::new(self.factor),
            },
            self.shape,
        )
    }
}

/// The next base delay, and what it grows by.
#[derive(Debug)]
pub struct Growth {
    next: u64,
    factor: Factor,
}

impl Progression for Exponential {
    type State = Growth;

    #[inline]
    fn next(growth: &mut Growth, cap: u64, _rng: &mut Rng) -> Option<u64> {
        let base = growth.next;
        if base < cap {
            growth.next = growth.factor.times(base);
        }
        Some(base)
    }
}
