//! Which of several endpoints a dial begins with.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::process;
use std::str::FromStr;
use std::time::Instant;

use crate::InvalidConfig;

/// Chooses the order in which a dial goes through several endpoints.
///
/// Every dial may go through all of them; what differs is where it begins.
///
/// In every order, an endpoint whose connection failed before it was stable goes behind the others for the next dials,
/// and so does what a dial had tried when it failed or was dropped. When all have been tried, the order starts again.
///
/// # Examples
///
/// ```
/// use schmoozer_tcp::{Dialer, Order};
///
/// let members = ["a.example.com:7000", "b.example.com:7000", "c.example.com:7000"];
/// let any = Dialer::any_of(members)?.order(Order::Shuffled);
/// let first_if_up = Dialer::any_of(members)?.order(Order::Failover);
/// # Ok::<(), schmoozer_tcp::InvalidTarget>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Order {
    /// Begins with the endpoint after the one that was used last, and goes round from there.
    ///
    /// "Used last" is the endpoint of the last connection; after a dial that failed, the one which that
    /// dial began with. The clones of a dialer take turns together, so that they spread over the endpoints.
    #[default]
    InTurn,
    /// Draws a new order for every dial, so that many clients spread over the endpoints.
    Shuffled,
    /// Begins with the first, and goes on to the next one only when that fails or is slow: after 2 s,
    /// or an equal part of the dial's timeout where that is less, unless the dialer's delays are set.
    ///
    /// It moves on when a connection to the first fails before it is stable: the next dials begin with the second. It
    /// returns when each of the others has failed as well, or at once if the first was only refused or slow in a dial. A
    /// connection to another one is never ended for it.
    Failover,
}

impl Order {
    /// Arranges the numbers of `len` endpoints for one dial, and gives the turn to the one after the first.
    pub(crate) fn arrange(self, len: usize, turn: &mut usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..len).collect();
        match self {
            Self::InTurn => {
                order.rotate_left(*turn % len);
                *turn = order[0] + 1;
            }
            Self::Shuffled => fastrand::Rng::with_seed(drawn_here_and_now()).shuffle(&mut order),
            Self::Failover => {}
        }
        order
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InTurn => "in_turn",
            Self::Shuffled => "shuffled",
            Self::Failover => "failover",
        })
    }
}

/// Reads what `Display` writes: `in_turn`, `shuffled` or `failover`.
impl FromStr for Order {
    type Err = InvalidConfig;

    fn from_str(word: &str) -> Result<Self, InvalidConfig> {
        let all = [Self::InTurn, Self::Shuffled, Self::Failover];
        InvalidConfig::one_of("order", word, &all)
    }
}

/// Draws a number that differs in every process.
///
/// A process that was forked has the generators of the one that it was forked from, in the same state, and in a container
/// every process may have the number 1. So the time counts as well.
pub(crate) fn drawn_here_and_now() -> u64 {
    RandomState::new().hash_one((process::id(), Instant::now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_turn_begins_one_further_each_time_and_goes_round() {
        let mut turn = 0;
        let dials = [(); 4].map(|()| Order::InTurn.arrange(3, &mut turn));
        assert_eq!(dials, [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]]);
    }

    #[test]
    fn failover_begins_with_the_first_always() {
        for _ in 0..2 {
            assert_eq!(Order::Failover.arrange(3, &mut 2), [0, 1, 2]);
        }
    }

    /// Row 63: forked workers have the same generator in the same state, and draw different orders all the same.
    #[test]
    fn shuffled_differs_where_the_generator_does_not() {
        let orders = (0..6).map(|_| {
            fastrand::seed(7);
            Order::Shuffled.arrange(20, &mut 0)
        });
        let different: std::collections::HashSet<_> = orders.collect();
        assert_eq!(different.len(), 6);
    }

    #[test]
    fn shuffled_begins_with_each_about_as_often() {
        let mut first = [0_u32; 4];
        for _ in 0..4_000 {
            let mut order = Order::Shuffled.arrange(4, &mut 0);
            first[order[0]] += 1;
            order.sort_unstable();
            assert_eq!(order, [0, 1, 2, 3]);
        }
        // 1,000 each on average; 5 standard deviations are 137.
        assert!(first.iter().all(|n| (863..=1_137).contains(n)), "{first:?}");
    }
}
