//! Delays that spread a fleet evenly over time.

use core::time::Duration;

use fastrand::Rng;

use crate::nanos::nanos;
use crate::random::below;
use crate::retries::{Progression, Retries};
use crate::shape::{Shape, options};

/// Gives each client a random place in a round, and one attempt in every round from then on.
///
/// The first delay is anything up to the round, all later ones are the round itself. So a fleet that loses its server
/// at one moment knocks at an even rate from that moment on: `clients / round` attempts a second, whether the outage
/// lasts five seconds or ten minutes. Nothing grows, so nothing depends on how long it lasted.
///
/// [`for_fleet`](Self::for_fleet) chooses the round for a server that takes a known number of connects a second. Of a
/// million clients that lose a server that then takes 10,000 a second:
///
/// | down | 99 % back | all back | attempts a second, at most | attempts a client |
/// | --- | --- | --- | --- | --- |
/// | at best | 99.0 s | 100 s | | |
/// | 5 s | 114 s | 115 s | 2.62 × what it takes | 2.0 |
/// | 60 s | 113 s | 115 s | 2.62 × | 3.4 |
/// | 600 s | 113 s | 115 s | 2.63 × | 17.4 |
///
/// Printed by `cargo run --release -p larger-examples --example storm -- --clients 1000000 --policy rounds:38.46s --down 5`, 60 and 600.
/// What it trades is the wait of a single client after a short outage: half a round on average, here 19 s. [Which
/// policy for how many clients](crate::_guide) says from which size on that is worth it.
///
/// It brings its own spread. Some [`jitter`](Self::jitter) on top makes clients change places; 10 % lets the last ones
/// wait 5 % longer. [`first_immediate`](Self::first_immediate) undoes it: all clients knock once at the moment of the
/// loss, and only then take their places.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use schmoozer_backoff::Rounds;
///
/// const MINUTE: Duration = Duration::from_secs(60);
///
/// let delays: Vec<_> = Rounds::new(MINUTE).into_iter().take(3).collect();
/// assert!(delays[0] <= MINUTE);
/// assert_eq!(delays[1..], [MINUTE, MINUTE]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "a policy does nothing until it is iterated"]
pub struct Rounds {
    pub(crate) round: Duration,
    pub(crate) shape: Shape,
}

impl Rounds {
    /// Attempts once in every `round`, for ever.
    pub const fn new(round: Duration) -> Self {
        Self {
            round,
            shape: Shape::PLAIN,
        }
    }

    /// Chooses the round for `clients` that share a server which takes `connects_a_second`.
    ///
    /// It is the time that the server needs to take all of them, divided by 2.6. The server is then offered 2.6 times
    /// what it takes in the first round, 1.6 times in the second, and 0.6 times in the third, which takes everybody
    /// who is left: three rounds, 1.154 times the best possible. A whole number instead would leave nothing to
    /// spare in the last round, and chance would make it two.
    ///
    /// Estimates will do, see [where it stops](crate::_guide#if-the-numbers-are-wrong).
    ///
    /// It is for a server that needs 3 s or longer for all. A small fleet gets a round so short that it knocks far more
    /// often than it must: every 4 ms where ten clients share 1,000 connects a second, and without any delay where there
    /// are none.
    ///
    /// # Panics
    ///
    /// If `connects_a_second` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use schmoozer_backoff::Rounds;
    ///
    /// const POLICY: Rounds = Rounds::for_fleet(26_000, 100);
    /// assert_eq!(POLICY, Rounds::new(Duration::from_secs(100)));
    /// ```
    #[track_caller]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole seconds below 2⁶⁴ and nanoseconds below 10⁹"
    )]
    pub const fn for_fleet(clients: u64, connects_a_second: u64) -> Self {
        assert!(
            connects_a_second > 0,
            "a server that takes no connects takes no fleet"
        );
        let nanos = clients as u128 * 10_000_000_000 / (connects_a_second as u128 * 26);
        let seconds = nanos / 1_000_000_000;
        Self::new(Duration::new(
            seconds as u64,
            (nanos % 1_000_000_000) as u32,
        ))
    }
}

options!(Rounds);

impl IntoIterator for Rounds {
    type Item = Duration;
    type IntoIter = Retries<Self>;

    fn into_iter(self) -> Retries<Self> {
        Retries::new(
            Place {
                round: nanos(self.round),
                taken: false,
            },
            self.shape,
        )
    }
}

/// The round, and whether the client has its place in it.
#[derive(Debug)]
pub struct Place {
    round: u64,
    taken: bool,
}

impl Progression for Rounds {
    type State = Place;
    const RANDOM: bool = true;

    #[inline]
    fn next(place: &mut Place, cap: u64, rng: &mut Rng) -> Option<u64> {
        // A cap is a shorter round: to cut the first delay would put all places beyond it on one.
        let round = place.round.min(cap);
        if place.taken {
            return Some(round);
        }
        place.taken = true;
        Some(below(rng, round.saturating_add(1)))
    }

    #[inline]
    fn repeats(place: &Place, base: u64, cap: u64) -> bool {
        base >= place.round.min(cap)
    }
}
