//! Delays that grow by a factor.

use core::time::Duration;

use crate::Jitter;
use crate::base::Base;
use crate::delays::Delays;
use crate::factor::Factor;
use crate::nanos::nanos;
use crate::shape::{Shape, options};

/// Multiplies the delay by a factor from one retry to the next.
///
/// `Exponential::default()` is the policy to keep a connection with. [`new`](Self::new) has neither cap nor jitter, for
/// policies of your own. Delays are whole nanoseconds: each base delay is the one before it times the factor, rounded to the
/// nearest, until it reaches the cap.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use schmoozer_backoff::Exponential;
///
/// const POLICY: Exponential = Exponential::new(Duration::from_millis(100))
///     .factor(3.0)
///     .cap(Duration::from_secs(1))
///     .max_retries(4);
///
/// let delays: Vec<_> = POLICY.into_iter().map(|delay| delay.as_millis()).collect();
/// assert_eq!(delays, [100, 300, 900, 1000]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "a policy does nothing until it is iterated"]
pub struct Exponential {
    pub(crate) initial: Duration,
    pub(crate) factor: f64,
    pub(crate) shape: Shape,
}

impl Exponential {
    /// Starts with `initial` and doubles, forever, without cap and without jitter.
    ///
    /// A zero stays zero.
    pub const fn new(initial: Duration) -> Self {
        Self {
            initial,
            factor: 2.0,
            shape: Shape::PLAIN,
        }
    }

    /// Starts with 50 ms and doubles up to 1 s, with full jitter: our recommendation for keeping a connection.
    ///
    /// - *50 ms*: after a restart that takes a moment, the wait is a moment. It is longer than a round trip nearly
    ///   everywhere, so the first retry is not wasted on the same instant.
    /// - *Full jitter*: of the jitters, the one that leaves no two clients together, from the first delay on.
    /// - *×2 up to 1 s*: users feel how long the client waits after the server is back. Over outages of 0.5 to 10 s that is
    ///   a fifth of the outage with this cap, and 95 % are back within 0.76 s. With a cap of 30 s it is two thirds of the
    ///   outage, and 8.4 s.
    ///
    /// The price is load. Of 10,000 clients that lose one server, each attempts twice a second for as long as the server is
    /// away: 20,000 attempts a second. A server that takes 100 connects a second has its clients back no later for that,
    /// as long as refusing costs it little. If refusing is expensive, or attempts are (radio, batteries, a name server),
    /// give a longer [`cap`](Self::cap), and a fleet [`Rounds`](crate::Rounds). [Which policy for how many
    /// clients](crate::_guide) says where one ends and the other begins.
    ///
    /// | | mean wait | 95 % wait below | share of the outage | 10,000 clients: 99 % back after | attempts a second, at most | attempts a client |
    /// | --- | --- | --- | --- | --- | --- | --- |
    /// | `default()` | 0.33 s | 0.76 s | 0.20 | 98 s | 197 × | 222 |
    /// | cap 2 s | 0.60 s | 1.48 s | 0.33 | 98 s | 99 × | 114 |
    /// | cap 5 s | 1.18 s | 3.47 s | 0.51 | 99 s | 41 × | 50 |
    /// | cap 10 s | 1.70 s | 5.81 s | 0.62 | 100 s | 20 × | 29 |
    /// | cap 30 s | 2.15 s | 8.40 s | 0.68 | 106 s | 7.1 × | 16 |
    /// | cap 60 s | 2.18 s | 8.44 s | 0.68 | 119 s | 3.7 × | 13 |
    /// | [`grpc()`](Self::grpc) | 1.32 s | 3.92 s | 0.52 | 244 s | 9.4 × | 10 |
    /// | [`Rounds::for_fleet(10_000, 100)`](crate::Rounds::for_fleet) | | | | 119 s | 2.9 × | 3 |
    ///
    /// The waits are those of one client, from
    /// `cargo test -p schmoozer-backoff --test recovery -- --nocapture --test-threads 1`. The fleet loses a server that is
    /// away for 60 s and then takes 100 connects a second. Its busiest second after the return is a multiple of those 100:
    /// `cargo run --release -p larger-examples --example storm -- --clients 10000 --again 0 --policy exponential --policy exponential:50ms..2s`
    /// and so on.
    pub const fn default() -> Self {
        Self::new(Duration::from_millis(50))
            .cap(Duration::from_secs(1))
            .jitter(Jitter::Full)
    }

    /// Starts with 1 s and multiplies by 1.6 up to 120 s, with a jitter of 20 %: gRPC's constants
    /// ("GRPC Connection Backoff Protocol", `doc/connection-backoff.md` in grpc/grpc).
    ///
    /// gRPC counts a delay from the start of the attempt before it, which is for the caller's loop to do.
    pub const fn grpc() -> Self {
        Self::new(Duration::from_secs(1))
            .factor(1.6)
            .cap(Duration::from_secs(120))
            .jitter(Jitter::Proportional(0.2))
    }

    /// Multiplies by `factor` instead of 2.
    ///
    /// # Panics
    ///
    /// If `factor` is not a finite number of at least 1.
    #[track_caller]
    pub const fn factor(mut self, factor: f64) -> Self {
        assert!(
            factor >= 1.0 && factor <= f64::MAX,
            "the factor of an exponential policy is finite and at least 1"
        );
        self.factor = factor;
        self
    }
}

options!(Exponential);

impl Exponential {
    pub(crate) const fn base<I>(self) -> Base<I> {
        Base::Exponential {
            next: nanos(self.initial),
            factor: Factor::new(self.factor),
        }
    }
}

impl Default for Exponential {
    fn default() -> Self {
        Self::default()
    }
}

impl IntoIterator for Exponential {
    type Item = Duration;
    type IntoIter = Delays;

    fn into_iter(self) -> Delays {
        Delays::new(self.base(), self.shape)
    }
}
