//! What a delay policy is, and what can be done with any of them.

use core::time::Duration;

use crate::shape::about;
use crate::{Jitter, Shaped, Then};

/// Turns anything that yields durations into a delay policy with jitter, cap and limits.
///
/// A policy is any `Clone + IntoIterator<Item = Duration>`, so this trait is implemented for all of them: for the
/// policies here, for arrays of durations, for other crates' iterators. To iterate a clone is to start a fresh retry
/// sequence; where it ends, the caller gives up.
///
/// The policies of this crate have these methods as `const` ones of their own, which return the policy itself.
///
/// # Examples
///
/// Five delays from an iterator of the standard library, spread, and never above one second:
///
/// ```
/// use std::time::Duration;
/// use schmoozer_backoff::{Jitter, Policy};
///
/// let squares = (1..=5_u64).map(|n| Duration::from_millis(100 * n * n));
/// let policy = squares.cap(Duration::from_secs(1)).jitter(Jitter::Equal);
/// assert_eq!(policy.clone().into_iter().count(), 5);
/// assert!(policy.into_iter().all(|delay| delay <= Duration::from_secs(1)));
/// ```
pub trait Policy: Clone + IntoIterator<Item = Duration> {
    #[doc = about!(jitter)]
    #[track_caller]
    fn jitter(self, jitter: Jitter) -> Shaped<Self> {
        Shaped::new(self).jitter(jitter)
    }

    #[doc = about!(cap)]
    fn cap(self, cap: Duration) -> Shaped<Self> {
        Shaped::new(self).cap(cap)
    }

    #[doc = about!(max_retries)]
    fn max_retries(self, retries: u32) -> Shaped<Self> {
        Shaped::new(self).max_retries(retries)
    }

    #[doc = about!(max_total)]
    ///
    /// This is not a time after which the caller gives up. Ten delays of 1 s between attempts that hang for 10 s each are
    /// 10 s here, and 110 s on a clock. A policy has no clock. The loop that waits has one, and an option such as
    /// `give_up_after` for it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use schmoozer_backoff::Exponential;
    ///
    /// // 1 + 2 + 4 s; another 8 would be too much.
    /// let policy = Exponential::new(Duration::from_secs(1)).max_total(Duration::from_secs(10));
    /// assert_eq!(policy.into_iter().count(), 3);
    /// ```
    fn max_total(self, total: Duration) -> Shaped<Self> {
        Shaped::new(self).max_total(total)
    }

    #[doc = about!(first_immediate)]
    fn first_immediate(self) -> Shaped<Self> {
        Shaped::new(self).first_immediate()
    }

    /// Goes on with `next` where this policy gives up; each of the two keeps its own options.
    ///
    /// A policy that never ends never gets there: bound it with [`max_retries`](Self::max_retries) or
    /// [`max_total`](Self::max_total).
    ///
    /// ```
    /// use std::time::Duration;
    /// use schmoozer_backoff::{Constant, Policy};
    ///
    /// // Five times quickly, and patiently from then on.
    /// let policy = Constant::new(Duration::from_millis(100))
    ///     .max_retries(5)
    ///     .then(Constant::new(Duration::from_secs(30)));
    /// let delays: Vec<_> = policy.into_iter().skip(4).take(3).collect();
    /// assert_eq!(delays, [100, 30_000, 30_000].map(Duration::from_millis));
    /// ```
    fn then<Q: Policy>(self, next: Q) -> Then<Self, Q> {
        Then::new(self, next)
    }

    #[doc = about!(seeded)]
    ///
    /// It decides on the jitter of the policy that this returns. What lies in it, such as the parts of a [`Then`], draws
    /// as before: seed each part.
    fn seeded(self, seed: u64) -> Shaped<Self> {
        Shaped::new(self).seeded(seed)
    }
}

impl<P: Clone + IntoIterator<Item = Duration>> Policy for P {}
