//! Delays that spread a fleet evenly over time.

use core::time::Duration;

use crate::base::Base;
use crate::delays::Delays;
use crate::nanos::nanos;
use crate::shape::{Shape, options};

/// Gives each client one attempt in every round, at a new random place in each.
///
/// A fleet that loses its server at one moment then attempts at an even rate from that moment on: `clients / round`
/// attempts a second, whether the outage lasts five seconds or ten minutes. Nothing grows, so nothing depends on how
/// long the outage lasts.
///
/// [`for_fleet`](Self::for_fleet) chooses the round for a server that takes a known number of connects a second. [Which
/// policy for how many clients](crate::_guide) has the figures, and says from which size on rounds are worth what they
/// cost: a single client waits for half a round on average after a short outage.
///
/// # How it draws
///
/// The rounds of a client follow each other from a random moment on, different for each client. In each round the client
/// attempts once, at a random place. The later the place, the longer that round: it lasts from five to seven sixths of
/// `round`. So two attempts are from one to eleven sixths of `round` apart. Both are one `round` on average.
///
/// A new place in each round matters when the server crashes again soon. A client whose connection did not become stable
/// goes on with its old sequence. If it kept its place, the next delay would be a whole round, for all such clients at
/// once, and they would attempt together from then on. With new places they are spread over two rounds.
///
/// # What not to combine it with
///
/// - The loop's setting `from_start` subtracts from each delay how long the attempt took, and the connection lasted. If
///   that is longer than the delay, the client attempts at once. After a crash of a server whose clients were connected
///   for longer than a round, or after attempts that all hang until the same timeout, that is all of them in one moment.
///   The places of a round are lost.
/// - [`first_immediate`](Self::first_immediate) makes all clients attempt once at the moment of the loss. Only then do
///   they take their places.
/// - [`jitter`](Self::jitter) is not needed: the places are the jitter.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use schmoozer_backoff::Rounds;
///
/// const MINUTE: Duration = Duration::from_secs(60);
///
/// for delay in Rounds::new(MINUTE).into_iter().take(100) {
///     assert!(delay < 2 * MINUTE);
/// }
/// let five: Duration = Rounds::new(MINUTE).into_iter().take(5).sum();
/// assert!(five > 3 * MINUTE && five < 6 * MINUTE);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "a policy does nothing until it is iterated"]
pub struct Rounds {
    pub(crate) round: Duration,
    pub(crate) shape: Shape,
}

impl Rounds {
    /// Attempts once in every `round`, forever.
    ///
    /// A [`cap`](Self::cap) shortens the round to six elevenths of the cap if it is longer, so that no delay is cut.
    pub const fn new(round: Duration) -> Self {
        Self {
            round,
            shape: Shape::PLAIN,
        }
    }

    /// Chooses the round for `clients` that share a server which takes `connects_a_second`.
    ///
    /// It is the time that the server needs to take all of them, the ideal, divided by 2.6. The server is offered
    /// 2.6 times what it takes, and less the more clients are back. 99 % of them are back after 1.2 times the ideal, all
    /// after 1.5 times. Of a million clients that lose a server that then takes 10,000 a second:
    ///
    /// | down | 99 % back | all back | attempts a second, at most | attempts a client |
    /// | --- | --- | --- | --- | --- |
    /// | at best | 99 s | 100 s | | |
    /// | 5 s | 118 s | 148 s | 2.62 × what it takes | 1.9 |
    /// | 60 s | 118 s | 147 s | 2.63 × | 3.3 |
    /// | 600 s | 118 s | 146 s | 2.62 × | 17.4 |
    ///
    /// Printed by `cargo run --release -p larger-examples --example storm -- --clients 1000000 --again 0 --policy rounds:38.46s --down 5`, 60
    /// and 600. A crash soon after the return changes none of it:
    /// [how the rounds were chosen](crate::_guide#how-the-rounds-were-chosen).
    ///
    /// Estimates will do, see [if the numbers are wrong](crate::_guide#if-the-numbers-are-wrong).
    ///
    /// It is for a server that needs 3 s or longer for all. A small fleet gets a round so short that it attempts far more
    /// often than it must: every 4 ms where ten clients share 1,000 connects a second, and without any delay where there
    /// are no clients.
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

impl Rounds {
    pub(crate) const fn base<I>(self) -> Base<I> {
        Base::Rounds {
            round: nanos(self.round),
            rest: None,
        }
    }
}

impl IntoIterator for Rounds {
    type Item = Duration;
    type IntoIter = Delays;

    fn into_iter(self) -> Delays {
        Delays::new(self.base(), self.shape)
    }
}
