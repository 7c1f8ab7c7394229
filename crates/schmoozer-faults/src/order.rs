//! The state machine in the documentation of [`Event`].

use std::time::Duration;

use schmoozer_core::{End, Event, Outage, Stopped, Why};
use tokio::time::Instant;

/// The timer's resolution.
const TICK: Duration = Duration::from_millis(1);

/// What a wait is told as that the clock cannot hold.
const DECADES: Duration = Duration::from_secs(30 * 365 * 86_400);

type Checked<T> = Result<T, &'static str>;

/// Where a run is, and what the events until now have said.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) slack: Duration,
    pub(crate) requests: bool,
    pub(crate) held_up: bool,
    pub(crate) stable_after: Duration,
    pub(crate) min_interval: Duration,
    pub(crate) phase: Phase,
    /// As the last event had it.
    pub(crate) attempt: u32,
    /// When the last event was read.
    pub(crate) latest: Option<Instant>,
    /// When the latest attempt began.
    pub(crate) began: Option<Instant>,
    pub(crate) outage: Option<Outage>,
    /// The connection that was up last.
    pub(crate) life: Option<Life>,
    /// What the policy has decided on the latest failure.
    pub(crate) decided: Option<Decision>,
    /// Whether each decision is reported before its `Waiting` event.
    pub(crate) decisions: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Phase {
    Begun,
    Connecting,
    Up,
    Failed,
    /// A busy machine reads `from` late. The wait begins after `since`, when the event before it was read.
    Waiting {
        from: Instant,
        since: Instant,
        delay: Duration,
    },
    Reconnecting {
        at: Instant,
    },
    Stopped,
}

/// The life of a connection, as told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    pub(crate) id: u64,
    pub(crate) since: Instant,
    pub(crate) ready: Option<Instant>,
    pub(crate) stable: bool,
    pub(crate) ending: Option<End>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Decision {
    After(Duration),
    Ends(Why),
}

impl Order {
    pub(crate) fn within(slack: Duration) -> Self {
        Self {
            slack,
            requests: false,
            held_up: false,
            stable_after: Duration::from_secs(10),
            min_interval: Duration::from_millis(10),
            phase: Phase::Begun,
            attempt: 0,
            latest: None,
            began: None,
            outage: None,
            life: None,
            decided: None,
            decisions: false,
        }
    }

    /// Takes one more event, or says what is wrong with it.
    pub(crate) fn take(&mut self, at: Instant, event: &Event<'_>) -> Checked<()> {
        ensure(self.phase != Phase::Stopped, "the stop was not the last")?;
        let taken = match *event {
            Event::Connecting { attempt } => self.connecting(at, attempt),
            Event::Connected { id } => self.connected(at, id),
            Event::Ready { id } => self.ready(at, id),
            Event::Stable { id, outage } => self.stable(at, id, outage),
            Event::Failed {
                cause,
                attempt,
                uptime,
                outage,
            } => self.failed(at, (cause, attempt, uptime), outage),
            Event::Waiting { delay, attempt } => self.waiting(at, delay, attempt),
            Event::Ending { id, end } => self.ending(id, end),
            Event::Reconnecting { id } => self.reconnecting(at, id),
            Event::Stopped { stopped } => self.stopped(stopped),
            _ => Ok(()),
        };
        self.latest = Some(at);
        taken
    }

    /// The number of the attempt to come.
    pub(crate) fn next_attempt(&self) -> u32 {
        match self.outage {
            Some(_) => self.attempt.saturating_add(1),
            None => 1,
        }
    }

    fn connecting(&mut self, at: Instant, attempt: u32) -> Checked<()> {
        let due = match self.phase {
            Phase::Begun => None,
            Phase::Waiting { from, since, delay } => {
                ensure(self.requests || at - since >= delay, "a wait was cut short")?;
                from.checked_add(delay)
            }
            Phase::Reconnecting { at } => Some(at),
            // A request restarts the attempt, or starts the next one while the policy decides.
            Phase::Connecting | Phase::Failed if self.requests => None,
            Phase::Up if self.requests && self.ends(End::Renew) => None,
            _ => return Err("out of order"),
        };
        let late = due.is_some_and(|due| at > due + self.slack + TICK);
        ensure(self.held_up || !late, "an attempt came late")?;
        ensure(attempt == self.next_attempt(), "the attempt's number")?;
        let apart = self.began.map(|began| at - began + self.slack);
        let apart = apart.is_none_or(|apart| apart >= self.min_interval);
        ensure(apart, "attempts too close together")?;
        self.attempt = attempt;
        self.began = Some(at);
        self.decided = None;
        self.phase = Phase::Connecting;
        Ok(())
    }

    fn connected(&mut self, at: Instant, id: u64) -> Checked<()> {
        let known = matches!(self.phase, Phase::Begun | Phase::Connecting);
        ensure(known, "out of order")?;
        let last = self.life.map_or(0, |life| life.id);
        ensure(id > last, "the connection's number")?;
        self.life = Some(Life {
            id,
            since: at,
            ready: None,
            stable: false,
            ending: None,
        });
        self.phase = Phase::Up;
        Ok(())
    }

    fn ready(&mut self, at: Instant, id: u64) -> Checked<()> {
        let life = self.up(id)?;
        ensure(
            life.ready.is_none() && life.ending.is_none(),
            "out of order",
        )?;
        life.ready = Some(at);
        Ok(())
    }

    fn stable(&mut self, at: Instant, id: u64, outage: Option<&Outage>) -> Checked<()> {
        let (slack, held_up, after) = (self.slack, self.held_up, self.stable_after);
        let life = self.up(id)?;
        let ready = life.ready.ok_or("out of order")?;
        ensure(!life.stable, "out of order")?;
        let lived = at - ready;
        ensure(lived.saturating_add(slack) >= after, "stable too early")?;
        let late = lived > after.saturating_add(slack + TICK);
        ensure(held_up || !late, "stable too late")?;
        life.stable = true;
        match (outage, self.outage.take()) {
            (None, None) => Ok(()),
            (Some(told), Some(known)) => {
                ensure(told.attempts == self.attempt, "the outage's attempts")?;
                ensure(told.last_cause == known.last_cause, "the last cause")?;
                self.goes_on(told, &known, ready)
            }
            (Some(_), None) => Err("there is no outage"),
            (None, Some(_)) => Err("there is an outage"),
        }
    }

    fn failed(
        &mut self,
        at: Instant,
        (cause, attempt, uptime): (&str, u32, Option<Duration>),
        outage: &Outage,
    ) -> Checked<()> {
        match (self.phase, self.life) {
            (Phase::Connecting, _) => ensure(uptime.is_none(), "the uptime of no connection")?,
            (Phase::Up, Some(life)) => {
                ensure(life.ending.is_none(), "a planned end is no failure")?;
                let uptime = uptime.ok_or("the uptime")?;
                self.near(uptime, at - life.since, "the uptime")?;
                if let Some(ready) = life.ready {
                    let after = self.stable_after.saturating_add(self.slack + TICK);
                    ensure(life.stable || at - ready < after, "stable, and not told")?;
                }
            }
            _ => return Err("out of order"),
        }
        if self.outage.is_none() {
            self.attempt = 1;
        }
        ensure(attempt == self.attempt, "the attempt's number")?;
        ensure(outage.attempts == attempt, "the outage's attempts")?;
        ensure(outage.last_cause == cause, "the last cause")?;
        if let Some(known) = &self.outage {
            self.goes_on(outage, known, at)?;
        } else {
            self.same(outage.since, at, "the outage's begin")?;
            ensure(outage.first_cause == cause, "the first cause")?;
            self.near(outage.length, Duration::ZERO, "the outage's length")?;
        }
        self.outage = Some(outage.clone());
        self.decided = None;
        self.phase = Phase::Failed;
        Ok(())
    }

    fn waiting(&mut self, at: Instant, delay: Duration, attempt: u32) -> Checked<()> {
        match self.phase {
            Phase::Failed => match self.decided.take() {
                Some(Decision::After(decided)) => self.decided(at, decided, delay)?,
                Some(Decision::Ends(_)) => return Err("the decision was to end"),
                // A request comes before the decision.
                None => ensure(self.requests || !self.decisions, "nothing was decided")?,
            },
            Phase::Reconnecting { .. } => {}
            Phase::Connecting if self.requests => {}
            Phase::Up if self.ends(End::Renew) => {}
            Phase::Begun | Phase::Waiting { .. } if self.held_up => {}
            _ => return Err("out of order"),
        }
        ensure(attempt == self.next_attempt(), "the attempt's number")?;
        let exact = self.slack.is_zero();
        let since = self.latest.filter(|_| !exact).unwrap_or(at);
        self.phase = Phase::Waiting {
            from: at,
            since,
            delay,
        };
        Ok(())
    }

    /// Whether the loop waits as was decided, and so that attempts are not too close together.
    fn decided(&self, at: Instant, decided: Duration, delay: Duration) -> Checked<()> {
        let Some(began) = self.began else {
            return ensure(self.requests || delay >= decided, "not what was decided");
        };
        let least = self.min_interval.saturating_sub(at - began);
        let due = decided.max(least).min(DECADES);
        ensure(
            delay <= due.saturating_add(self.slack),
            "not what was decided",
        )?;
        let enough = self.requests || delay.saturating_add(self.slack) >= due;
        ensure(enough, "not what was decided")
    }

    fn ending(&mut self, id: u64, end: End) -> Checked<()> {
        let life = self.up(id)?;
        let allowed = match life.ending {
            None => true,
            // A shutdown in the grace of a renewal.
            Some(End::Renew) => end == End::Exit,
            Some(End::Exit) => false,
        };
        ensure(allowed, "out of order")?;
        life.ending = Some(end);
        Ok(())
    }

    fn reconnecting(&mut self, at: Instant, id: u64) -> Checked<()> {
        let life = self.up(id)?;
        ensure(life.ending != Some(End::Exit), "out of order")?;
        ensure(self.requests, "a reconnect without a request")?;
        self.phase = Phase::Reconnecting { at };
        Ok(())
    }

    fn stopped(&mut self, stopped: &Stopped) -> Checked<()> {
        match (self.phase, self.decided) {
            (Phase::Failed, Some(Decision::Ends(why))) => {
                // A shutdown in this moment comes first.
                let is_why = [why, Why::Shutdown].contains(&stopped.why);
                ensure(is_why, "why it stopped")?;
            }
            (Phase::Failed, None) if !self.decisions => {}
            _ => ensure(stopped.why != Why::GaveUp, "why it stopped")?,
        }
        if stopped.why == Why::GaveUp {
            let last = self.outage.as_ref().map(|outage| &outage.last_cause);
            ensure(stopped.cause.as_ref() == last, "the last cause")?;
        }
        self.phase = Phase::Stopped;
        Ok(())
    }

    /// The connection that is up, if that is its number.
    fn up(&mut self, id: u64) -> Checked<&mut Life> {
        let up = self.life.as_mut().filter(|_| self.phase == Phase::Up);
        let life = up.ok_or("out of order")?;
        ensure(life.id == id, "the connection's number")?;
        Ok(life)
    }

    fn ends(&self, end: End) -> bool {
        self.life.is_some_and(|life| life.ending == Some(end))
    }

    /// `told` is the outage that goes on, as of `at`.
    fn goes_on(&self, told: &Outage, known: &Outage, at: Instant) -> Checked<()> {
        ensure(told.since == known.since, "the outage's begin")?;
        ensure(told.first_cause == known.first_cause, "the first cause")?;
        self.near(
            told.length,
            at.saturating_duration_since(known.since),
            "the outage's length",
        )
    }

    pub(crate) fn same(&self, told: Instant, seen: Instant, what: &'static str) -> Checked<()> {
        let apart = told.max(seen) - told.min(seen);
        self.near(apart, Duration::ZERO, what)
    }

    pub(crate) fn near(&self, told: Duration, seen: Duration, what: &'static str) -> Checked<()> {
        ensure(told.abs_diff(seen) <= self.slack, what)
    }
}

pub(crate) fn ensure(holds: bool, what: &'static str) -> Checked<()> {
    if holds { Ok(()) } else { Err(what) }
}
