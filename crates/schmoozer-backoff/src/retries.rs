//! One retry sequence: what a policy turns into when it is iterated.

use core::fmt;
use core::iter::FusedIterator;
use core::time::Duration;

use fastrand::Rng;

use crate::Jitter;
use crate::jitter::{Spread, Window};
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

    /// Whether `base`, the last delay, is that of all retries to come, as far as they are below `cap`.
    fn repeats(_state: &Self::State, _base: u64, _cap: u64) -> bool {
        false
    }
}

/// Yields the delays of one retry sequence; `None` means: give up.
///
/// The sequence has random state of its own, and is not `Clone`, so that no two sequences spread alike.
pub struct Retries<P: Progression> {
    /// Whether each delay from now on is a draw from `window`.
    settled: bool,
    /// Whether there is nothing but that to look at: settled, and without limits.
    free: bool,
    state: P::State,
    cap: u64,
    spread: Spread,
    window: Window,
    rng: Rng,
    limits: Limits,
}

/// What ends a sequence, or begins it differently.
#[derive(Debug)]
struct Limits {
    /// Whether there are any.
    apply: bool,
    immediate: bool,
    retries: u64,
    total: Option<u64>,
}

impl Limits {
    /// Those of a sequence that has ended.
    const ENDED: Self = Self {
        apply: true,
        immediate: false,
        retries: 0,
        total: None,
    };

    /// 2⁶⁴ retries are as good as without end.
    fn new(shape: &Shape) -> Self {
        Self {
            apply: shape.first_immediate
                || shape.max_retries.is_some()
                || shape.max_total.is_some(),
            immediate: shape.first_immediate,
            retries: shape.max_retries.map_or(u64::MAX, u64::from),
            total: shape.max_total.map(nanos),
        }
    }
}

impl<P: Progression> Retries<P> {
    pub(crate) fn new(state: P::State, shape: Shape) -> Self {
        let rng = match shape.seed {
            Some(seed) => random::seeded(seed),
            None if P::RANDOM || shape.jitter != Jitter::None => random::fresh(),
            None => Rng::with_seed(0),
        };
        let cap = shape.cap.map_or(u64::MAX, nanos);
        let spread = Spread::new(shape.jitter);
        let window = spread.window(0, cap);
        Self {
            settled: false,
            free: false,
            state,
            cap,
            spread,
            window,
            rng,
            limits: Limits::new(&shape),
        }
    }

    /// Goes on to the window of the next delay. False says that there is none.
    #[inline]
    fn advance(&mut self) -> bool {
        let Some(base) = P::next(&mut self.state, self.cap, &mut self.rng) else {
            return false;
        };
        self.window = self.spread.window(base.min(self.cap), self.cap);
        self.settled = P::repeats(&self.state, base, self.cap);
        true
    }

    #[inline(never)]
    fn next_unsettled(&mut self) -> Option<Duration> {
        if !self.advance() {
            return self.end();
        }
        self.free = self.settled;
        Some(Duration::from_nanos(self.window.draw(&mut self.rng)))
    }

    #[inline(never)]
    fn next_within_limits(&mut self) -> Option<Duration> {
        let Some(left) = self.limits.retries.checked_sub(1) else {
            return self.end();
        };
        self.limits.retries = left;
        if !self.settled {
            if self.limits.immediate {
                self.limits.immediate = false;
                return Some(Duration::ZERO);
            }
            if !self.advance() {
                return self.end();
            }
        }
        let delay = self.window.draw(&mut self.rng);
        if let Some(total) = self.limits.total {
            let Some(left) = total.checked_sub(delay) else {
                return self.end();
            };
            self.limits.total = Some(left);
        }
        Some(Duration::from_nanos(delay))
    }

    #[cold]
    fn end(&mut self) -> Option<Duration> {
        self.limits = Limits::ENDED;
        None
    }
}

impl<P: Progression> Iterator for Retries<P> {
    type Item = Duration;

    #[inline]
    fn next(&mut self) -> Option<Duration> {
        if self.free {
            return Some(Duration::from_nanos(self.window.draw(&mut self.rng)));
        }
        if self.limits.apply {
            self.next_within_limits()
        } else {
            self.next_unsettled()
        }
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
