//! Options for policies that come without them.

use core::time::Duration;

use crate::base::Base;
use crate::delays::Delays;
use crate::shape::{Shape, options};

/// Any source of delays with jitter, cap and limits: what the methods of [`Policy`](crate::Policy) return.
///
/// The options apply to each delay together, whichever order they came in: the cap cuts it, the jitter spreads it
/// under the cap, and the limits count what comes out. The policy's own randomness, if it has any, remains its own:
/// [`seeded`](Self::seeded) does not reach it, and a cap can only cut what it has spread already.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "a policy does nothing until it is iterated"]
pub struct Shaped<P> {
    policy: P,
    shape: Shape,
}

impl<P> Shaped<P> {
    pub(crate) const fn new(policy: P) -> Self {
        Self {
            policy,
            shape: Shape::PLAIN,
        }
    }
}

options!(<P> Shaped<P>);

impl<P: IntoIterator<Item = Duration>> IntoIterator for Shaped<P> {
    type Item = Duration;
    type IntoIter = Delays<P::IntoIter>;

    fn into_iter(self) -> Delays<P::IntoIter> {
        Delays::new(Base::Other(self.policy.into_iter()), self.shape)
    }
}
