use std::time::Duration;

use fastrand::Rng;

use crate::order::drawn_here_and_now;

/// How often the first endpoint is tried beside a spare.
#[derive(Debug)]
pub(crate) struct Failback {
    every: Duration,
    /// How many connections that failed back were lost before they were stable, since the first endpoint was stable.
    unstable: u32,
    /// The connection that is served next, or now, has failed back.
    pub(crate) on_trial: bool,
}

/// How often the first endpoint may be dialed at most.
const SHORTEST: Duration = Duration::from_millis(10);

impl Failback {
    pub(crate) fn new(every: Duration) -> Self {
        Self {
            every: every.max(SHORTEST),
            unstable: 0,
            on_trial: false,
        }
    }

    /// Draws the time until the next dial: clients that lost one server are not to return in one moment.
    pub(crate) fn wait(&self) -> Duration {
        let every = self.every.saturating_mul(1 << self.unstable);
        let least = every.saturating_sub(every / 10);
        least.saturating_add((every / 5).mul_f64(Rng::with_seed(drawn_here_and_now()).f64()))
    }

    /// Learns from the end of a connection.
    pub(crate) fn ended(&mut self, endpoint: usize, failed: bool, stable: bool) {
        match endpoint {
            0 if stable => self.unstable = 0,
            // 32-fold at most.
            0 if failed && self.on_trial => self.unstable = (self.unstable + 1).min(5),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// The bounds of what is drawn, in minutes.
    fn drawn(failback: &Failback) -> (f64, f64) {
        let waits = (0..10_000).map(|_| failback.wait().as_secs_f64() / 60.0);
        waits.fold((f64::MAX, 0.0), |(least, most), wait| {
            (least.min(wait), most.max(wait))
        })
    }

    fn is_about(failback: &Failback, minutes: f64) -> bool {
        let (least, most) = drawn(failback);
        let inside = least >= 0.9 * minutes && most <= 1.1 * minutes;
        inside && least < 0.92 * minutes && most > 1.08 * minutes
    }

    /// Row 63: forked workers have the same generator in the same state, and dial at different times all the same.
    #[test]
    fn waits_differ_where_the_generator_does_not() {
        let failback = Failback::new(MINUTE);
        let waits = (0..6).map(|_| {
            fastrand::seed(7);
            failback.wait()
        });
        let different: std::collections::HashSet<_> = waits.collect();
        assert_eq!(different.len(), 6);
    }

    #[test]
    fn the_time_doubles_up_to_32_fold_until_the_first_endpoint_is_stable() {
        let mut failback = Failback::new(MINUTE);
        failback.on_trial = true;
        for minutes in [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 32.0] {
            assert!(is_about(&failback, minutes), "{minutes}");
            // The spare's ends say nothing.
            failback.ended(1, true, false);
            failback.ended(1, false, true);
            failback.ended(0, true, false);
        }
        // A renewal or a shutdown of one that is not stable says nothing.
        failback.ended(0, false, false);
        assert!(is_about(&failback, 32.0));
        failback.ended(0, false, true);
        assert!(is_about(&failback, 1.0));
    }

    #[test]
    fn a_connection_that_has_not_failed_back_doubles_nothing() {
        let mut failback = Failback::new(MINUTE);
        failback.ended(0, true, false);
        assert!(is_about(&failback, 1.0));
    }

    #[test]
    fn no_time_is_too_short_or_too_long() {
        assert!(Failback::new(Duration::ZERO).wait() >= SHORTEST * 9 / 10);
        let mut failback = Failback::new(Duration::MAX);
        failback.on_trial = true;
        failback.ended(0, true, false);
        assert!(failback.wait() > Duration::MAX / 2);
    }
}
