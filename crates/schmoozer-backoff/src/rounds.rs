//! Delays that spread a fleet evenly over time.

use core::time::Duration;

use crate::base::Base;
use crate::delays::Delays;
use crate::nanos::nanos;
use crate::shape::{Shape, options};

/// Gives each client of a fleet one attempt per round, at a new random time in each round.
///
/// A fleet is all clients of one server. If the fleet loses its server at one moment, its attempts have an even rate:
/// `clients / round` attempts per second. The rate does not depend on the length of the outage, because no delay grows.
///
/// [`for_fleet`](Self::for_fleet) computes the round from the number of clients and of connects that the server accepts per
/// second. [Which policy fits how many clients](crate::_guide) has the figures. It also says which fleets need rounds.
/// Rounds have a price: after a short outage, a single client waits for half a round on average.
///
/// # How it draws
///
/// The rounds of a client begin at a random moment and follow each other without a gap. In each round the client attempts
/// once, at a random time: its place in the round. A round lasts from five to seven sixths of `round`, and a later place
/// makes it longer. Two attempts are one sixth to eleven sixths of `round` apart. The mean length of a round and the mean
/// delay are both one `round`.
///
/// New places matter if the server crashes again soon. A client whose connection did not become stable continues its old
/// sequence of delays. With a kept place, the next delay of all such clients would be one whole round. They would attempt
/// together from then on. With new places, their next attempts are spread over two rounds.
///
/// # What not to combine it with
///
/// - The loop's setting `from_start` subtracts from each delay the duration of the attempt and of the connection. If the
///   result is not positive, the client attempts at once. In two cases all clients then attempt at one moment: if the
///   server crashes after all connections lasted longer than a round, and if all attempts hang until the same timeout.
/// - [`first_immediate`](Self::first_immediate) makes all clients attempt at the moment of the loss. The rounds begin only
///   after that attempt.
/// - [`jitter`](Self::jitter) is not needed, because the places are random.
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
/// let hundred: Duration = Rounds::new(MINUTE).into_iter().take(100).sum();
/// assert!(hundred > 81 * MINUTE && hundred < 119 * MINUTE);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "a policy does nothing until it is iterated"]
pub struct Rounds {
    pub(crate) round: Duration,
    pub(crate) shape: Shape,
}

impl Rounds {
    /// Makes each client attempt once per `round`, forever.
    ///
    /// If you set a [`cap`](Self::cap), a round is at most six elevenths of the cap. So no delay is cut.
    pub const fn new(round: Duration) -> Self {
        Self {
            round,
            shape: Shape::PLAIN,
        }
    }

    /// Computes the round for a server that has `clients` and accepts `connects_a_second`.
    ///
    /// The *ideal* is the time that the server needs to accept all clients: `clients / connects_a_second`. The round is the
    /// ideal divided by 2.6. So the server first receives 2.6 times the attempts that it accepts. This number falls as
    /// clients come back. 99 % of the clients are back after 1.2 times the ideal, and all after 1.5 times the ideal.
    ///
    /// The table shows a million clients that lose a server. The server accepts 10,000 connects per second after its return.
    /// The busiest second is a multiple of these 10,000. The first row shows the shortest times that any policy can reach.
    ///
    /// | down | 99 % back | all back | attempts in the busiest second | attempts per client |
    /// | --- | --- | --- | --- | --- |
    /// | at best | 99 s | 100 s | | |
    /// | 5 s | 118 s | 148 s | 2.62 × | 1.9 |
    /// | 60 s | 118 s | 147 s | 2.63 × | 3.3 |
    /// | 600 s | 118 s | 146 s | 2.62 × | 17.4 |
    ///
    /// This command prints the row for 5 s. With `--down 60` and `--down 600` it prints the other rows:
    /// `cargo run --release -p larger-examples --example storm -- --clients 1000000 --again 0 --policy rounds:38.46s --down 5`.
    /// A second crash soon after the return does not change these results:
    /// see [how the rounds were chosen](crate::_guide#how-the-rounds-were-chosen).
    ///
    /// Estimates of both numbers are good enough: see [if the numbers are
    /// wrong](crate::_guide#if-the-numbers-are-wrong).
    ///
    /// Use it if the ideal is 3 s or longer. A smaller fleet gets rounds that are too short, and attempts more often than
    /// necessary. Ten clients of a server that accepts 1,000 connects per second attempt every 4 ms. With zero clients,
    /// every delay is zero.
    ///
    /// # Panics
    ///
    /// Panics if `connects_a_second` is 0.
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
