use std::time::Duration;

use tokio::time::Instant;

use crate::facts::Facts;
use crate::shared::after;
use crate::{Failure, Lifecycle, random};

/// The rules that `run` and `Runner` share. They number the attempts, and decide when an outage begins and ends, and when
/// the next attempt may start.
pub(crate) struct Judge {
    ready_when_marked: bool,
    min_interval: Duration,
    /// The number of the latest attempt; 0 before the first one.
    pub(crate) attempt: u32,
    /// When the latest attempt began. Before the first one, when the loop was made.
    pub(crate) began: Instant,
    /// When the outage began, moved later by the time spent offline since then. `None` outside an outage.
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

    /// Notes that an attempt begins. Outside an outage, its number is always 1.
    #[inline]
    pub(crate) fn begin(&mut self) {
        self.attempt = self.next_attempt();
        self.began = Instant::now();
    }

    /// Returns the number of the next attempt.
    pub(crate) fn next_attempt(&self) -> u32 {
        match self.outage {
            Some(_) => self.attempt.saturating_add(1),
            None => 1,
        }
    }

    /// Returns when a connection becomes ready: when it is connected, or `None` if its handler must mark it.
    pub(crate) fn ready(&self, connected: Instant) -> Option<Instant> {
        (!self.ready_when_marked).then_some(connected)
    }

    /// Ends the outage, because a connection is stable.
    pub(crate) fn stable(&mut self) {
        self.outage = None;
    }

    /// Notes that `connect` failed, and describes the failure.
    #[inline]
    pub(crate) fn failed<E>(&mut self, cause: E) -> Failure<E> {
        self.failure(cause, Instant::now())
    }

    /// Notes that a connection was lost, and describes the failure.
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

    /// Leaves the time offline out of the length of the outage that the policy sees.
    pub(crate) fn offline(&mut self, from: Instant, until: Instant) {
        if let Some(since) = &mut self.outage {
            *since += until.saturating_duration_since(from.max(*since));
        }
    }

    /// Returns when the next attempt may begin: `min_interval` after the latest one began. The first may begin at once.
    pub(crate) fn not_before(&self) -> Instant {
        match self.attempt {
            0 => self.began,
            _ => after(self.began, self.min_interval),
        }
    }

    /// Returns `delay`, or a longer wait from `now` if `min_interval` demands it.
    #[inline]
    pub(crate) fn at_least(&self, delay: Duration, now: impl FnOnce() -> Instant) -> Duration {
        // Reads the clock only if `min_interval` may be longer.
        if delay >= self.min_interval {
            return delay;
        }
        delay.max(self.not_before().saturating_duration_since(now()))
    }

    /// Returns the wait after a planned end that the handler asked for. There is none after a stable connection if the
    /// connector holds the next connection already: then `held` is true.
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
