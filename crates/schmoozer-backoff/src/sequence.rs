//! Delays from a list.

use core::time::Duration;

use crate::base::Base;
use crate::delays::Delays;
use crate::shape::{Shape, options};

/// Takes the delays from a list, and repeats the last one forever.
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
    /// Takes each of `delays` once and then the last forever, without jitter.
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
    type IntoIter = Delays<Listed<L>>;

    fn into_iter(self) -> Delays<Listed<L>> {
        let listed = Listed::new(self.delays, self.once);
        Delays::new(Base::Other(listed), self.shape)
    }
}

/// Yields the delays of a [`Sequence`] as they are in its list, before jitter, cap and limits.
#[derive(Debug)]
pub struct Listed<L> {
    delays: L,
    next: usize,
    once: bool,
}

impl<L> Listed<L> {
    pub(crate) const fn new(delays: L, once: bool) -> Self {
        let next = 0;
        Self { delays, next, once }
    }
}

impl<L: AsRef<[Duration]>> Iterator for Listed<L> {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let delays = self.delays.as_ref();
        match delays.get(self.next) {
            Some(delay) => {
                self.next += 1;
                Some(*delay)
            }
            None if self.once => None,
            None => delays.last().copied(),
        }
    }
}
