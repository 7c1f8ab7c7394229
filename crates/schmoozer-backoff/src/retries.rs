//! One retry sequence: what a policy turns into when it is iterated.

use core::fmt;
use core::iter::FusedIterator;
use core::time::Duration;

use fastrand::Rng;

use crate::Jitter;
use crate::jitter::Spread;
use crate::nanos::nanos;
use crate::random;
use crate::shape::Shape;

/// How the base delays of a policy go on, before they are capped and spread.
pub trait Progression {
    /// What is kept from one delay to the next.
    type State;

    /// Whether `next` draws random numbers of its own.
    const RANDOM: bool = false;

    /// The next base delay in nanoseconds, or `None` at the end. It may be above `cap`, which is where it need not
    /// grow further.
    fn next(state: &mut Self::State, cap: u64, rng: &mut Rng) -> Option<u64>;
}

/// Yields the delays of one retry sequence; `None` means: give up.
///
/// The sequence has random state of its own, and is not `Clone`, so that no two sequences spread alike.
pub struct Retries<P: Progression> {
    state: P::State,
    cap: u64,
    spread: Spread,
    rng: Rng,
    limits: Limits,
}

/// What ends a sequence, or begins it differently.
#[derive(Debug)]
struct Limits {
    /// Whether any of the others has to be looked at.
    apply: bool,
    immediate: bool,
    retries: Option<u32>,
    total: Option<u64>,
}

impl<P: Progression> Retries<P> {
    pub(crate) fn new(state: P::State, shape: Shape) -> Self {
        let rng = match shape.seed {
            Some(seed) => random::seeded(seed),
            None if P::RANDOM || shape.jitter != Jitter::None => random::fresh(),
            None => Rng::with_seed(0),
        };
        Self {
            state,
            cap: shape.cap.map_or(u64::MAX, nanos),
            spread: Spread::new(shape.jitter),
            rng,
            limits: Limits {
                apply: shape.first_immediate
                    || shape.max_retries.is_some()
                    || shape.max_total.is_some(),
                immediate: shape.first_immediate,
                retries: shape.max_retries,
                total: shape.max_total.map(nanos),
            },
        }
    }

    #[inline]
    fn draw(&mut self) -> Option<u64> {
        let Some(base) = P::next(&mut self.state, self.cap, &mut self.rng) else {
            self.end();
            return None;
        };
        Some(
            self.spread
                .draw(base.min(self.cap), self.cap, &mut self.rng),
        )
    }

    fn draw_within_limits(&mut self) -> Option<u64> {
        if let Some(left) = &mut self.limits.retries {
            *left = left.checked_sub(1)?;
        }
        if self.limits.immediate {
            self.limits.immediate = false;
            return Some(0);
        }
        let delay = self.draw()?;
        if let Some(total) = &mut self.limits.total {
            if let Some(left) = total.checked_sub(delay) {
                *total = left;
            } else {
                self.end();
                return None;
            }
        }
        Some(delay)
    }

    #[cold]
    fn end(&mut self) {
        self.limits.apply = true;
        self.limits.retries = Some(0);
    }
}

impl<P: Progression> Iterator for Retries<P> {
    type Item = Duration;

    #[inline]
    fn next(&mut self) -> Option<Duration> {
        let delay = if self.limits.apply {
            self.draw_within_limits()
        } else {
            self.draw()
        };
        delay.map(Duration::from_nanos)
    }
}

impl<P: Progression> FusedIterator for Retries<P> {}

impl<P: Progression> fmt::Debug for Retries<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retries")
            .field("cap", &Duration::from_nanos(self.cap))
            .field("spread", &self.spread)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
