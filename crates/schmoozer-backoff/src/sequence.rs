//! Delays from a list.

use core::time::Duration;

use fastrand::Rng;

use crate::nanos::nanos;
use crate::retries::{Progression, Retries};
use crate::shape::{Shape, options};

/// Takes the delays from a list, and repeats the last one for ever.
///
/// The list is anything that can be seen as a slice of durations: an array, a `&'static [Duration]`, a `Vec`, an
/// `Arc<[Duration]>`. Every retry sequence holds a clone of it. An empty list gives up at once.
///
/// An array of durations is a policy as it is, too: one that ends after its last delay.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use schmoozer_backoff::Sequence;
///
/// let seconds = [1, 5, 30].map(Duration::from_secs);
/// let policy = Sequence::new(seconds);
/// let delays: Vec<_> = policy.into_iter().map(|delay| delay.as_secs()).take(5).collect();
/// assert_eq!(delays, [1, 5, 30, 30, 30]);
///
/// assert_eq!(Sequence::new(seconds).once().into_iter().count(), 3);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "a policy does nothing until it is iterated"]
pub struct Sequence<L> {
    pub(crate) delays: L,
    pub(crate) once: bool,
    pub(crate) shape: Shape,
}

impl<L> Sequence<L> {
    /// Takes each of `delays` once and then the last for ever, without jitter.
    pub const fn new(delays: L) -> Self {
        Self {
            delays,
            once: false,
            shape: Shape::PLAIN,
        }
    }

    /// Gives up after the last delay instead of repeating it.
    pub const fn once(mut self) -> Self {
        self.once = true;
        self
    }
}

options!(<L> Sequence<L>);

impl<L: AsRef<[Duration]>> IntoIterator for Sequence<L> {
    type Item = Duration;
    type IntoIter = Retries<Self>;

    fn into_iter(self) -> Retries<Self> {
        Retries::new(
            Position {
                delays: self.delays,
                next: 0,
                once: self.once,
            },
            self.shape,
        )
    }
}

/// The list, and how far it was read.
#[derive(Debug)]
pub struct Position<L> {
    delays: L,
    next: usize,
    once: bool,
}

impl<L: AsRef<[Duration]>> Progression for Sequence<L> {
    type State = Position<L>;

    #[inline]
    fn next(position: &mut Position<L>, _cap: u64, _rng: &mut Rng) -> Option<u64> {
        let delays = position.delays.as_ref();
        let Some(delay) = delays.get(position.next) else {
            return if position.once {
                None
            } else {
                delays.last().copied().map(nanos)
            };
        };
        position.next += 1;
        Some(nanos(*delay))
    }

    #[inline]
    fn repeats(position: &Position<L>, _base: u64, _cap: u64) -> bool {
        !position.once && position.next == position.delays.as_ref().len()
    }
}
