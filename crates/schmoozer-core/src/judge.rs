use std::time::Duration;

use tokio::time::Instant;

use crate::facts::Facts;
use crate::shared::after;
use crate::{Failure, Lifecycle, random};

/// Decides what an attempt's number is, what an outage is, when a connection counts as ready, and when the next attempt
/// may start: for both loops.
pub(crate) struct Judge {
    ready_when_marked: bool,
    min_interval: Duration,
    /// The latest attempt.
    pub(crate) attempt: u32,
    /// When it began.
    pub(crate) began: Instant,
    /// When the first failure of the outage was, later by all the time that was spent offline since.
    outage: Option<Instant>,
}

impl Judge {
    pub(crate) fn new(lifecycle: Lifecycle) -> Self {
        Self {
            ready_when_marked: lifecycle.ready_when_marked,
            min_interval: lifecycle.min_interval,
            attempt: 0,
            began: Instant::now(),
            outage: None,
        }
    }

    /// An attempt begins. Outside an outage it is always the first one.
    #[inline]
    pub(crate) fn begin(&mut self) {
        self.attempt = self.next_attempt();
        self.began = Instant::now();
    }

    /// The number of the attempt to come.
    pub(crate) fn next_attempt(&self) -> u32 {
        match self.outage {
            Some(_) => self.attempt.saturating_add(1),
            None => 1,
        }
    }

    /// Since when a connection that came up at this time counts as ready, before its handler marks it.
    pub(crate) fn ready(&self, connected: Instant) -> Option<Instant> {
        (!self.ready_when_marked).then_some(connected)
    }

    /// A connection is stable: the outage is over.
    pub(crate) fn stable(&mut self) {
        self.outage = None;
    }

    /// `connect` failed.
    #[inline]
    pub(crate) fn failed<E>(&mut self, cause: E) -> Failure<E> {
        self.failure(cause, Instant::now())
    }

    /// A connection was lost.
    pub(crate) fn lost<E>(&mut self, cause: E, connected: Instant, facts: &Facts) -> Failure<E> {
        if facts.is_stable() {
            self.stable();
        }
        let mut failure = self.failure(cause, facts.ended);
        failure.uptime = Some(facts.ended - connected);
        failure.stable = facts.is_stable();
        failure
    }

    #[inline]
    fn failure<E>(&mut self, cause: E, at: Instant) -> Failure<E> {
        let since = *self.outage.get_or_insert_with(|| {
            self.attempt = 1;
            at
        });
        Failure {
            attempt: self.attempt,
            elapsed: at - self.began,
            outage: at - since,
            ..Failure::new(cause)
        }
    }

    /// The time between these is none of the outage's, for the policy.
    pub(crate) fn offline(&mut self, from: Instant, until: Instant) {
        if let Some(since) = &mut self.outage {
            *since += until.saturating_duration_since(from.max(*since));
        }
    }

    /// When the next attempt may begin at the earliest: `min_interval` after the latest one began.
    pub(crate) fn not_before(&self) -> Instant {
        match self.attempt {
            0 => self.began,
            _ => after(self.began, self.min_interval),
        }
    }

    /// The wait from `now` that keeps `min_interval` between the starts of two attempts, but at least `delay`.
    #[inline]
    pub(crate) fn at_least(&self, delay: Duration, now: impl FnOnce() -> Instant) -> Duration {
        // The clock is read only where that can matter.
        if delay >= self.min_interval {
            return delay;
        }
        delay.max(self.not_before().saturating_duration_since(now()))
    }

    /// The wait after a planned end that the connection's own side asked for. The next connection may be `held` already.
    pub(crate) fn renewal(&mut self, facts: &Facts, held: bool) -> Duration {
        if facts.is_stable() {
            self.stable();
            if held {
                return Duration::ZERO;
            }
            return random::up_to(Duration::from_secs(1));
        }
        let from = facts.ready.unwrap_or(facts.ended);
        let waited = facts.ended.duration_since(from);
        facts.stable_after.saturating_sub(waited)
    }
}
