//! One policy after another.

use core::iter::Chain;
use core::time::Duration;

/// Plays one policy to its end and then another: what [`Policy::then`](crate::Policy::then) returns.
///
/// Each part keeps its own jitter, cap and limits. Options that are given after `then` lie over both: limits count
/// the delays of the whole, jitter spreads what the parts yield, and a cap cuts it. A cut gathers at the cap what a
/// part has spread already, so give jitter and cap either to the parts or to the whole. A seed does not reach the
/// parts: give them seeds of their own.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "a policy does nothing until it is iterated"]
pub struct Then<A, B> {
    first: A,
    second: B,
}

impl<A, B> Then<A, B> {
    pub(crate) const fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

impl<A, B> IntoIterator for Then<A, B>
where
    A: IntoIterator<Item = Duration>,
    B: IntoIterator<Item = Duration>,
{
    type Item = Duration;
    type IntoIter = Chain<A::IntoIter, B::IntoIter>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.second)
    }
}
