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
        /// From the last attempt to the beginning of the next round; `None` before the first.
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

/// The delay from one attempt to a new place in the next round, and at first to a place in a round that the client is
/// in already.
#[inline(never)]
fn in_next_round(round: u64, rest: &mut Option<u64>, cap: u64, rng: &mut Rng) -> u64 {
    // Two attempts are at most eleven sixths of a round apart. A cap makes for shorter rounds: to cut delays would put
    // clients on one moment.
    let round = round.min(cap / 11 * 6);
    let sixth = round / 6;
    let (mut begins, now) = if let Some(left) = *rest {
        (left, 0)
    } else {
        // Rounds begin five to seven sixths of a round apart. This is when the first one begins after a random moment.
        // Now is seven sixths after that moment, so the attempts of all earlier rounds are over.
        let moment = below(rng, round + 1) + below(rng, 2 * sixth + 1);
        (moment.abs_diff(sixth), round + sixth)
    };
    loop {
        let place = below(rng, round + 1);
        let left = round - sixth - (place - place / 3);
        let at = begins.saturating_add(place);
        if let Some(delay) = at.checked_sub(now) {
            *rest = Some(left);
            return delay;
        }
        begins = at.saturating_add(left);
    }
}
