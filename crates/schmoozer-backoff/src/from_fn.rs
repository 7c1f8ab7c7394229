//! Policies from functions that make iterators.

use core::fmt;
use core::time::Duration;

/// Makes a policy of a function that returns a new iterator of delays for each retry sequence.
///
/// Iterators that cannot be cloned become policies this way, and so do those that must not be, because a clone would
/// replay their random numbers.
///
/// # Examples
///
/// ```
/// use backon::{BackoffBuilder, ExponentialBuilder};
/// use schmoozer_backoff::{Policy, from_fn};
///
/// let policy = from_fn(|| ExponentialBuilder::default().with_max_times(5).build());
/// assert_eq!(policy.first_immediate().into_iter().count(), 6);
/// ```
pub const fn from_fn<F, I>(make: F) -> FromFn<F>
where
    F: Fn() -> I,
    I: IntoIterator<Item = Duration>,
{
    FromFn { make }
}

/// Calls a function for each retry sequence: what [`from_fn`] returns.
#[derive(Clone, Copy)]
#[must_use = "a policy does nothing until it is iterated"]
pub struct FromFn<F> {
    make: F,
}

impl<F, I> IntoIterator for FromFn<F>
where
    F: Fn() -> I,
    I: IntoIterator<Item = Duration>,
{
    type Item = Duration;
    type IntoIter = I::IntoIter;

    fn into_iter(self) -> I::IntoIter {
        (self.make)().into_iter()
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFn").finish_non_exhaustive()
    }
}
