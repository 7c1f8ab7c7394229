//! The loop with the options of a [`Runner`](crate::Runner). [`run`](crate::run) is the same without them.

use std::convert::Infallible;
use std::ops::ControlFlow::{Break, Continue};
use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use crate::facts::Facts;
use crate::judge::Judge;
use crate::report::Report;
use crate::runner::Options;
use crate::session::Sessions;
use crate::shared::{Ask, after};
use crate::signals::Signals;
use crate::text::Clean;
use crate::wait::earlier;
use crate::{
    ConnResult, Connector, End, Event, Failure, Pacer, RetryResult, RunResult, Stopped, Why, random,
};

/// Requests start at most one attempt in this time, and restart one that has run for as long.
pub(crate) const REQUEST_INTERVAL: Duration = Duration::from_secs(1);

/// All of the loop but the connector.
pub(crate) struct Full<'a, C: Connector> {
    pub(crate) options: Options<'a, C>,
    pub(crate) signals: Signals<'a>,
    pub(crate) report: Report<'a>,
    pub(crate) judge: Judge,
    sessions: Sessions,
    /// The connector holds the next connection already, so nothing needs the network.
    pub(crate) held: bool,
    /// When the latest attempt began that a request started.
    pub(crate) requested: Option<Instant>,
    /// How many connections in a row were renewed before they were stable.
    early: u32,
}

/// What comes after an attempt.
enum Next<E> {
    /// Another one at once, which a request starts.
    Restart,
    /// Another one, after this delay or, without one, as soon as requests may start one.
    Attempt(Option<Duration>),
    /// A decision on this.
    Failed(Failure<E>),
}

/// The end of the loop: what it returns, and what it tells.
type Ended<E> = (Result<(), E>, Stopped);

/// What comes after an attempt or a connection.
type After<C> = Result<Next<<C as Connector>::Error>, Ended<<C as Connector>::Error>>;

pub(crate) async fn drive<C: Connector>(
    mut connector: C,
    mut options: Options<'_, C>,
    mut report: Report<'_>,
) -> Result<(), C::Error> {
    if let Some(target) = connector.display_target() {
        report.logs.connector = Clean(target).to_string();
    }
    let lifecycle = connector.lifecycle();
    let mut full = Full {
        signals: Signals::new(&mut options),
        options,
        report,
        judge: Judge::new(lifecycle),
        sessions: Sessions::new(lifecycle),
        held: false,
        requested: None,
        early: 0,
    };
    let Err((result, stopped)) = full.keep_alive(&mut connector).await;
    full.report.stopped(&stopped);
    result
}

impl<C: Connector> Full<'_, C> {
    async fn keep_alive(&mut self, connector: &mut C) -> Result<Infallible, Ended<C::Error>> {
        let stops = self.is_stopping().await;
        let mut next = match self.options.starting_with.take() {
            Some(connection) if !stops => {
                self.report.shared.state().satisfied();
                self.run(connector, connection).await?
            }
            _ => Next::Attempt(Some(Duration::ZERO)),
        };
        loop {
            let requested = match next {
                Next::Restart => Some(true),
                Next::Attempt(delay) => self.wait(delay).await,
                Next::Failed(failure) => {
                    let delay = self.decide(connector, failure).await?;
                    self.wait(delay).await
                }
            };
            let Some(requested) = requested else {
                return Err(self.shut_down(None));
            };
            next = self.attempt(connector, requested).await?;
        }
    }

    async fn attempt(&mut self, connector: &mut C, requested: bool) -> After<C> {
        self.judge.begin();
        self.held = false;
        let began = self.judge.began;
        if requested {
            self.requested = Some(began);
        }
        let attempt = self.judge.attempt;
        self.report.tell(began, &Event::Connecting { attempt });

        let limit = self.options.connect_timeout.as_ref();
        let late = limit.map(|limit| after(began, limit.after));
        let check = |this: &mut Self| {
            let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= Instant::now());
            // Where no other attempt may begin yet, this one goes on.
            let mut restart = this
                .next_start(None)
                .map_break(|()| None)?
                .filter(|_| !requested)
                .map(|at| at.max(began + REQUEST_INTERVAL));
            if is_due(restart) {
                // Not dropped for an attempt that a pacer holds.
                let pacer = this.options.pacer.as_ref();
                let Err(turn) = pacer.map_or(Ok(()), Pacer::try_admit) else {
                    return Break(None);
                };
                restart = Some(turn.max(Instant::now() + Duration::from_millis(1)));
            }
            let limit = this.options.connect_timeout.as_mut();
            match limit.filter(|_| is_due(late)) {
                Some(limit) => Break(Some((limit.error)())),
                None => Continue(earlier(restart, late)),
            }
        };
        let connected = self.until(pin!(connector.connect()), None, check).await;
        match connected {
            // Also what came within this last poll of `connect`.
            Ok(ConnResult::Connected(_)) if self.is_stopping().await => Err(self.shut_down(None)),
            Ok(ConnResult::Connected(connection)) => match self.asked() {
                Some(Ask::Reconnect) => Ok(Next::Attempt(None)),
                _ => self.run(connector, connection).await,
            },
            Ok(ConnResult::Exit(result)) => Err(ended(result, Why::Final)),
            Ok(ConnResult::Reconnect(cause)) | Err(Some(cause)) => {
                self.signals.account(&mut self.judge);
                Ok(Next::Failed(self.judge.failed(cause)))
            }
            Err(None) if self.asked() == Some(Ask::Stop) => Err(self.shut_down(None)),
            Err(None) => Ok(Next::Restart),
        }
    }

    async fn run(&mut self, connector: &mut C, connection: C::Connection) -> After<C> {
        let now = Instant::now();
        let session = self.sessions.open(self.judge.ready(now));
        let mut up = session.facts();
        up.ended = now;
        self.report.tell(now, &Event::Connected { id: up.id });
        let mut told = Facts { ready: None, ..up };
        self.tell_life(up, &mut told);

        let connected = session.begin();
        let old = self.options.max_age.map(|age| {
            let age = age.saturating_sub(random::up_to(age / 10));
            after(connected, age)
        });
        let mut grace = None;
        let ended = {
            let handler = pin!(connector.run(connection, session.clone()));
            let check = |this: &mut Self| {
                let is_old = |old| old <= Instant::now() && session.was_stable();
                match this.asked() {
                    Some(Ask::Stop) => session.end(End::Exit),
                    Some(Ask::Reconnect) => return Break(()),
                    Some(Ask::Renew) => session.end(End::Renew),
                    _ if old.is_some_and(is_old) => session.end(End::Renew),
                    _ => {}
                }
                let facts = session.facts();
                this.tell_life(facts, &mut told);
                let stable = facts.stable_at().filter(|_| !facts.is_stable());
                if facts.ending.is_none() {
                    return Continue(if facts.is_stable() { old } else { stable });
                }
                let over = *grace
                    .get_or_insert_with(|| after(facts.ended, facts.grace(this.options.grace)));
                if over <= facts.ended {
                    return Break(());
                }
                Continue(earlier(stable, Some(over)))
            };
            self.until(handler, Some(&session), check).await
        };

        let renewed = matches!(ended, Ok(RunResult::Renew));
        let facts = session.close(renewed);
        self.tell_life(facts, &mut told);
        self.held = connector.holds_connection();
        self.after(ended.ok(), connected, &facts)
    }

    /// What comes after a connection; without a result its handler was dropped.
    fn after(
        &mut self,
        result: Option<RunResult<C::Error>>,
        connected: Instant,
        facts: &Facts,
    ) -> After<C> {
        match (result, facts.ending) {
            // It was told to: whatever its word for it, that is the shutdown.
            (result, Some(End::Exit)) => Err(self.shut_down(match result {
                Some(RunResult::Reconnect(cause) | RunResult::Exit(Err(cause))) => {
                    Some(Clean(cause).to_string())
                }
                _ => None,
            })),
            (Some(RunResult::Exit(result)), ending) => {
                if ending.is_none() && result.is_ok() {
                    self.tell_ending(facts, End::Exit);
                }
                Err(ended(result, Why::Final))
            }
            (None, _) if self.asked() == Some(Ask::Reconnect) => {
                self.set_waiting(None);
                let reconnecting = Event::Reconnecting { id: facts.id };
                self.report.tell(facts.ended, &reconnecting);
                Ok(Next::Attempt(None))
            }
            (Some(RunResult::Reconnect(cause)), None) => {
                self.early = 0;
                self.signals.account(&mut self.judge);
                Ok(Next::Failed(self.judge.lost(cause, connected, facts)))
            }
            (result, _) => {
                if let Some(RunResult::Reconnect(cause)) = result {
                    self.report.logs.ended_with(&Clean(cause));
                }
                if self.asked() == Some(Ask::Renew) {
                    return Ok(Next::Attempt(None));
                }
                if !facts.is_stable() {
                    self.early = self.early.saturating_add(1);
                    self.report.logs.renewed_early(self.early);
                }
                let delay = self.judge.renewal(facts, self.held);
                Ok(Next::Attempt(Some(delay)))
            }
        }
    }

    async fn decide(
        &mut self,
        connector: &mut C,
        failure: Failure<C::Error>,
    ) -> Result<Option<Duration>, Ended<C::Error>> {
        let at = self.judge.began + failure.elapsed;
        self.report.failed(at, &failure);
        let decision = pin!(connector.retry_delay(failure));
        let check = |this: &mut Self| match this.next_start(None)? {
            Some(due) if due <= Instant::now() => Break(()),
            due => Continue(due),
        };
        match self.until(decision, None, check).await {
            Ok(RetryResult::After(delay)) => Ok(Some(delay)),
            // A shutdown in this moment comes before the end of the retries.
            Ok(_) if self.asked() == Some(Ask::Stop) => Err(self.shut_down(None)),
            Ok(RetryResult::GiveUp(cause)) => Err(ended(Err(cause), Why::GaveUp)),
            Ok(RetryResult::Exit(result)) => Err(ended(result, Why::Final)),
            // A request starts the next attempt now, or the loop stops.
            Err(()) => Ok(None),
        }
    }

    /// Tells what is new in the life of a connection since `told`.
    fn tell_life(&mut self, facts: Facts, told: &mut Facts) {
        let id = facts.id;
        let told = std::mem::replace(told, facts);
        if let (Some(ready), None) = (facts.ready, told.ready) {
            self.report.tell(ready, &Event::Ready { id });
        }
        if let (Some(ready), true, false) = (facts.ready, facts.is_stable(), told.is_stable()) {
            self.early = 0;
            self.judge.stable();
            self.report.stable(id, ready, self.judge.attempt);
        }
        if let Some(end) = facts.ending.filter(|_| facts.ending != told.ending) {
            self.tell_ending(&facts, end);
        }
    }

    fn tell_ending(&mut self, facts: &Facts, end: End) {
        let ending = Event::Ending { id: facts.id, end };
        self.report.tell(facts.ended, &ending);
    }

    /// The end of a loop that was told to. Without a cause it is the outage's.
    fn shut_down(&self, cause: Option<String>) -> Ended<C::Error> {
        let cause = cause.or_else(|| self.report.shared.state().last_cause());
        (Ok(()), Stopped::new(Why::Shutdown, cause))
    }
}

/// The end that the connector has decided on. `why` says what an error means.
fn ended<E: std::fmt::Display>(result: Result<(), E>, why: Why) -> Ended<E> {
    let stopped = match &result {
        Ok(()) => Stopped::new(Why::Exit, None),
        Err(error) => Stopped::new(why, Some(Clean(error).to_string())),
    };
    (result, stopped)
}
