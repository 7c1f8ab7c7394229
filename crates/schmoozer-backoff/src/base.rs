//! How the base delays of each policy go on, before they are capped and spread.

use core::mem;
use core::time::Duration;

use fastrand::Rng;

use crate::factor::Factor;
use crate::nanos::nanos;
use crate::random::below;

/// What is kept from one delay to the next, in nanoseconds.
pub(crate) enum Base<I> {
    Constant(u64),
    Linear {
        next: u64,
        step: u64,
    },
    Exponential {
        next: u64,
        factor: Factor,
    },
    Fibonacci {
        next: u64,
        after: u64,
    },
    Decorrelated {
        initial: u64,
        last: u64,
    },
    Rounds {
        round: u64,
        /// How much of the round is left after the attempt in it; `None` before the first.
        rest: Option<u64>,
    },
    Other(I),
}

impl<I: Iterator<Item = Duration>> Base<I> {
    /// Whether the base delays themselves are drawn at random.
    pub(crate) fn draws(&self) -> bool {
        matches!(self, Self::Decorrelated { .. } | Self::Rounds { .. })
    }

    /// Goes on to the next base delay; `None` at the end. It may be above `cap`, where it need not grow further.
    #[inline]
    pub(crate) fn next(&mut self, cap: u64, rng: &mut Rng) -> Option<u64> {
        Some(match self {
            Self::Constant(delay) => *delay,
            Self::Linear { next, step } => {
                let grown = next.saturating_add(*step);
                mem::replace(next, grown)
            }
            Self::Exponential { next, factor } => {
                let grown = factor.times(*next);
                mem::replace(next, grown)
            }
            Self::Fibonacci { next, after } => {
                let grown = after.saturating_add(*next);
                mem::replace(next, mem::replace(after, grown))
            }
            Self::Decorrelated { initial, last } => {
                let lowest = cap.min(*initial);
                let highest = last.saturating_mul(3).min(cap);
                *last = lowest + below(rng, (highest - lowest).saturating_add(1));
                *last
            }
            Self::Rounds { round, rest } => in_next_round(*round, rest, cap, rng),
            Self::Other(delays) => nanos(delays.next()?),
        })
    }

    /// Whether all delays after `delay` are the same, as far as they are below `cap`.
    #[inline]
    pub(crate) fn repeats(&self, delay: u64, cap: u64) -> bool {
        match self {
            Self::Constant(_) => true,
            Self::Linear { .. } | Self::Exponential { .. } | Self::Fibonacci { .. } => delay >= cap,
            Self::Decorrelated { .. } | Self::Rounds { .. } | Self::Other(_) => false,
        }
    }
}

/// The delay from one attempt to a new place in the next round, and at first to a place in the round that the client is
/// in, or in the next if that place has passed.
#[inline(never)]
fn in_next_round(round: u64, rest: &mut Option<u64>, cap: u64, rng: &mut Rng) -> u64 {
    // Two attempts are at most 1.9 rounds apart. A cap makes for shorter rounds: to cut delays would put clients on one
    // moment.
    let round = round.min(share(cap, 10, 19));
    let places = share(round, 9, 10).saturating_add(1);
    let left = if let Some(left) = *rest {
        left
    } else {
        let passed = below(rng, round.saturating_add(1));
        let place = below(rng, places);
        if let Some(delay) = place.checked_sub(passed) {
            *rest = Some(round - place);
            return delay;
        }
        round - passed
    };
    let place = below(rng, places);
    *rest = Some(round - place);
    left + place
}

/// `n · of / parts`, rounded down, for `of` below `parts`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a share is no more than the whole"
)]
const fn share(n: u64, of: u8, parts: u8) -> u64 {
    (n as u128 * of as u128 / parts as u128) as u64
}
