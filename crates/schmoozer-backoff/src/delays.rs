//! One retry sequence: what a policy turns into when it is iterated.

use core::fmt;
use core::iter::{Empty, FusedIterator};
use core::time::Duration;

use fastrand::Rng;

use crate::Jitter;
use crate::base::Base;
use crate::jitter::{Spread, Window};
use crate::nanos::nanos;
use crate::random;
use crate::shape::Shape;

/// Yields the delays of one retry sequence; `None` means: give up.
///
/// It is what every policy of this crate turns into. `I` is where the delays come from if not from a formula: the list
/// of a [`Sequence`](crate::Sequence), the iterator inside a [`Shaped`](crate::Shaped).
///
/// The sequence has random state of its own. It is not `Clone`, so that no two sequences spread alike.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use schmoozer_backoff::{Delays, Exponential};
///
/// struct Client {
///     delays: Delays,
/// }
///
/// let policy = Exponential::new(Duration::from_secs(1));
/// let mut client = Client { delays: policy.into_iter() };
/// assert_eq!(client.delays.next(), Some(Duration::from_secs(1)));
/// assert_eq!(client.delays.next(), Some(Duration::from_secs(2)));
/// ```
pub struct Delays<I = Empty<Duration>> {
    /// Whether each delay from now on is a draw from `window`.
    settled: bool,
    /// Whether there is nothing but that to look at: settled, and without limits.
    free: bool,
    base: Base<I>,
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

impl<I: Iterator<Item = Duration>> Delays<I> {
    #[inline]
    pub(crate) fn new(base: Base<I>, shape: Shape) -> Self {
        let rng = match shape.seed {
            Some(seed) => random::seeded(seed),
            None if base.draws() || shape.jitter != Jitter::None => random::fresh(),
            None => Rng::with_seed(0),
        };
        let cap = shape.cap.map_or(u64::MAX, nanos);
        let spread = Spread::new(shape.jitter);
        Self {
            settled: false,
            free: false,
            base,
            cap,
            spread,
            window: spread.window(0, cap),
            rng,
            limits: Limits::new(&shape),
        }
    }

    /// Goes on to the window of the next delay. False says that there is none.
    #[inline]
    fn advance(&mut self) -> bool {
        let Some(base) = self.base.next(self.cap, &mut self.rng) else {
            return false;
        };
        self.window = self.spread.window(base.min(self.cap), self.cap);
        self.settled = self.base.repeats(base, self.cap);
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
        // From now on there is a limit, and no retry left.
        self.limits.apply = true;
        self.limits.retries = 0;
        None
    }
}

impl<I: Iterator<Item = Duration>> Iterator for Delays<I> {
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

impl<I: Iterator<Item = Duration>> FusedIterator for Delays<I> {}

impl<I> fmt::Debug for Delays<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delays")
            .field("cap", &Duration::from_nanos(self.cap))
            .field("spread", &self.spread)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
