//! Options for policies that come without them.

use core::time::Duration;

use fastrand::Rng;

use crate::nanos::nanos;
use crate::retries::{Progression, Retries};
use crate::shape::{Shape, options};

/// A policy from elsewhere, with jitter, cap and limits: what the methods of [`Policy`](crate::Policy) return.
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
    type IntoIter = Retries<Self>;

    fn into_iter(self) -> Retries<Self> {
        Retries::new(self.policy.into_iter(), self.shape)
    }
}

impl<P: IntoIterator<Item = Duration>> Progression for Shaped<P> {
    type State = P::IntoIter;

    #[inline]
    fn next(delays: &mut P::IntoIter, _cap: u64, _rng: &mut Rng) -> Option<u64> {
        delays.next().map(nanos)
    }
}
