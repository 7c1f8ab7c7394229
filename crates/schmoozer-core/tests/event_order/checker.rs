//! Walks the state machine in `Event`'s documentation over what an observer is told.
//!
//! One file that test programs include by its path: a published crate must not depend on one that is
//! not, and what only tests need is no part of the public interface.

use std::time::Duration;

use schmoozer_core::{Event, Observer, Outage};
use tokio::time::Instant;

/// An observer that panics at the first event which the contract does not allow there and then.
#[derive(Debug, Clone)]
pub(crate) struct EventOrder {
    phase: Phase,
    /// As the last event had it.
    attempt: u32,
    cause: String,
    outage: Option<Outage>,
    slack: Duration,
    cut: bool,
    held_up: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Begun,
    Connecting {
        began: Instant,
    },
    Connected {
        began: Instant,
        since: Instant,
        recovered: bool,
    },
    Failed {
        at: Instant,
        first: bool,
    },
    Waiting {
        from: Instant,
        delay: Duration,
    },
    Reconnecting {
        at: Instant,
        recovered: bool,
    },
    Stopped,
}

/// The timer's resolution.
const TICK: Duration = Duration::from_millis(1);

impl EventOrder {
    /// For paused time: what the events say of times is exact.
    pub(crate) fn exact() -> Self {
        Self::within(Duration::ZERO)
    }

    /// For a clock that goes on between two lines: what the events say of times may be off by `slack`.
    pub(crate) fn within(slack: Duration) -> Self {
        Self {
            phase: Phase::Begun,
            attempt: 0,
            cause: String::new(),
            outage: None,
            slack,
            cut: false,
            held_up: false,
        }
    }

    /// A handle may cut waits short.
    pub(crate) fn waits_may_be_cut(mut self) -> Self {
        self.cut = true;
        self
    }

    /// A pacer, or a machine that sleeps, may hold attempts up.
    pub(crate) fn held_up(mut self) -> Self {
        self.held_up = true;
        self
    }

    /// Takes one more event, or says what is wrong with it.
    pub(crate) fn next(&mut self, at: Instant, event: &Event<'_>) -> Result<(), String> {
        match self.take(at, event) {
            Ok(phase) => {
                self.phase = phase;
                Ok(())
            }
            Err(why) => Err(format!("{why}: {event:?} after {:?}", self.phase)),
        }
    }

    fn take(&mut self, at: Instant, event: &Event<'_>) -> Result<Phase, &'static str> {
        match (self.phase, *event) {
            (Phase::Stopped, _) => Err("the stop was not the last"),
            (Phase::Failed { first: true, .. }, Event::OutageBegan { outage }) => {
                self.attempts_of(outage)?;
                self.near(outage.length, Duration::ZERO, "the outage's length")?;
                let causes = [&outage.first_cause, &outage.last_cause];
                ensure(causes == [&self.cause; 2], "the outage's causes")?;
                self.near(at - outage.since, Duration::ZERO, "the outage's begin")?;
                self.outage = Some(outage.clone());
                Ok(Phase::Failed { at, first: false })
            }
            (Phase::Failed { first: true, .. }, _) => Err("an outage has begun and nobody says so"),
            (_, Event::Stopped { outage, .. }) => {
                self.goes_on(outage, at)?;
                Ok(Phase::Stopped)
            }
            (
                Phase::Begun | Phase::Waiting { .. } | Phase::Reconnecting { .. },
                Event::Connecting { attempt },
            ) => self.connecting(at, attempt),
            (Phase::Connecting { began }, Event::Connected { attempt, elapsed }) => {
                ensure(attempt == self.attempt, "the attempt's number")?;
                self.near(elapsed, at - began, "the time it took")?;
                Ok(Phase::Connected {
                    began,
                    since: at,
                    recovered: false,
                })
            }
            (
                Phase::Connected {
                    began,
                    since,
                    recovered: false,
                },
                Event::Recovered { outage },
            ) => {
                self.goes_on(Some(outage), since)?;
                self.outage = None;
                Ok(Phase::Connected {
                    began,
                    since,
                    recovered: true,
                })
            }
            (Phase::Connecting { .. } | Phase::Connected { .. }, Event::Failed { .. }) => {
                self.failed(at, event)
            }
            (
                Phase::Connected {
                    since, recovered, ..
                },
                Event::Reconnecting { uptime },
            ) => {
                self.near(uptime, at - since, "the uptime")?;
                Ok(Phase::Reconnecting { at, recovered })
            }
            (
                Phase::Failed { at: failed, .. },
                Event::Waiting {
                    delay,
                    attempt,
                    outage,
                },
            ) => {
                ensure(attempt == self.attempt, "the attempt's number")?;
                self.goes_on(Some(outage), failed)?;
                Ok(Phase::Waiting { from: at, delay })
            }
            _ => Err("out of order"),
        }
    }

    fn connecting(&mut self, at: Instant, attempt: u32) -> Result<Phase, &'static str> {
        let next = self.attempt.saturating_add(1);
        let (due, numbers) = match self.phase {
            Phase::Waiting { from, delay } => {
                ensure(self.cut || at - from >= delay, "a wait was cut short")?;
                (from.checked_add(delay), [next; 2])
            }
            // Without an outage, only the loop knows whether the connection had lasted.
            Phase::Reconnecting { at, recovered } if recovered => (Some(at), [1; 2]),
            Phase::Reconnecting { at, .. } if self.outage.is_some() => (Some(at), [next; 2]),
            Phase::Reconnecting { at, .. } => (Some(at), [1, next]),
            _ => (Some(at), [1; 2]),
        };
        let late = due.is_some_and(|due| at > due + self.slack + TICK);
        ensure(self.held_up || !late, "an attempt came late")?;
        ensure(numbers.contains(&attempt), "the attempt's number")?;
        self.attempt = attempt;
        Ok(Phase::Connecting { began: at })
    }

    fn failed(&mut self, at: Instant, event: &Event<'_>) -> Result<Phase, &'static str> {
        let Event::Failed {
            cause,
            attempt,
            elapsed,
            uptime,
        } = *event
        else {
            return Err("no failure");
        };
        let (began, numbers, up) = match self.phase {
            Phase::Connected {
                began,
                since,
                recovered,
            } => {
                let numbers = match self.outage {
                    _ if recovered => [0; 2],
                    Some(_) => [self.attempt; 2],
                    None => [0, self.attempt],
                };
                (began, numbers, Some(at - since))
            }
            Phase::Connecting { began } => (began, [self.attempt; 2], None),
            _ => return Err("out of order"),
        };
        ensure(numbers.contains(&attempt), "the attempt's number")?;
        ensure(
            uptime.is_some() == up.is_some(),
            "the uptime of no connection",
        )?;
        self.near(elapsed, at - began, "the time it took")?;
        self.near(
            uptime.unwrap_or_default(),
            up.unwrap_or_default(),
            "the uptime",
        )?;
        self.attempt = attempt;
        self.cause = cause.to_string();
        let first = self.outage.is_none();
        Ok(Phase::Failed { at, first })
    }

    /// `told` is the outage that goes on, if one does, as of `at`.
    fn goes_on(&self, told: Option<&Outage>, at: Instant) -> Result<(), &'static str> {
        let (told, known) = match (told, &self.outage) {
            (None, None) => return Ok(()),
            (Some(told), Some(known)) => (told, known),
            (Some(_), None) => return Err("there is no outage"),
            (None, Some(_)) => return Err("there is an outage"),
        };
        self.attempts_of(told)?;
        ensure(told.since == known.since, "the outage's begin")?;
        ensure(told.first_cause == known.first_cause, "the first cause")?;
        ensure(told.last_cause == self.cause, "the last cause")?;
        self.near(told.length, at - known.since, "the outage's length")
    }

    fn attempts_of(&self, outage: &Outage) -> Result<(), &'static str> {
        ensure(outage.attempts == self.attempt, "the outage's attempts")
    }

    fn near(&self, told: Duration, seen: Duration, what: &'static str) -> Result<(), &'static str> {
        ensure(told.abs_diff(seen) <= self.slack, what)
    }
}

fn ensure(holds: bool, what: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(what) }
}

impl Observer for EventOrder {
    fn on_event(&mut self, event: &Event<'_>) {
        if let Err(fault) = self.next(Instant::now(), event) {
            panic!("an illegal event: {fault}");
        }
    }
}
