//! What a loop and its handles share: where the connection stands, and what the handles have asked for.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::waker::LoopWaker;
use crate::{Event, Outage, Stats, Status, Stopped};

/// Shared by a loop and its handles. The lock is never held while anything foreign is called.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    /// The loop's task.
    pub(crate) waker: LoopWaker,
    /// A connection is ready, or the loop has ended.
    pub(crate) answered: Notify,
    /// As many failures have come as the most impatient waiter allows.
    pub(crate) failing: Notify,
    /// Made when it is first asked for.
    watch: OnceLock<watch::Sender<Status>>,
}

#[derive(Debug)]
pub(crate) struct State {
    /// Where a wait has its cause from is the outage.
    status: Status,
    /// When the connection that is up became ready.
    ready_at: Option<Instant>,
    /// It is about to end.
    leaving: bool,
    stopped_at: Option<Instant>,
    outage: Option<Outage>,
    stats: Stats,
    asked: Option<Ask>,
    /// The latest connection that was ready and not about to end.
    pub(crate) ready: u64,
    /// Failures, without those while offline.
    pub(crate) failures: u64,
    /// At which number of those some waiter must be woken.
    pub(crate) awaited: u64,
    pub(crate) offline: bool,
}

/// What was asked for and is not yet done: the weightiest request of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ask {
    Retry,
    Renew,
    Reconnect,
    Stop,
}

impl State {
    pub(crate) fn status(&self) -> Status {
        let mut status = self.status.clone();
        if let (Status::Waiting { cause, .. }, Some(outage)) = (&mut status, &self.outage) {
            *cause = Some(outage.last_cause.clone());
        }
        status
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            uptime: self.uptime(Instant::now()),
            outage_since: self.outage.as_ref().map(|outage| outage.since),
            ..self.stats
        }
    }

    pub(crate) fn outage(&self) -> Option<Outage> {
        let mut outage = self.outage.clone()?;
        let until = self
            .ready_at
            .or(self.stopped_at)
            .unwrap_or_else(Instant::now);
        outage.length = until.saturating_duration_since(outage.since);
        Some(outage)
    }

    /// The text of the last failure, of an outage that may be over.
    pub(crate) fn last_cause(&self) -> String {
        self.outage
            .as_ref()
            .map_or_else(String::new, |outage| outage.last_cause.clone())
    }

    pub(crate) fn stopped(&self) -> Option<&Stopped> {
        match &self.status {
            Status::Stopped(stopped) => Some(stopped),
            _ => None,
        }
    }

    /// The connection that is ready and stays.
    pub(crate) fn kept(&self) -> Option<u64> {
        match self.status {
            Status::Connected {
                id, ready: true, ..
            } if !self.leaving => Some(id),
            _ => None,
        }
    }

    fn uptime(&self, at: Instant) -> Duration {
        let current = match self.status {
            Status::Connected { since, .. } => at.saturating_duration_since(since),
            _ => Duration::ZERO,
        };
        self.stats.uptime.saturating_add(current)
    }

    /// Takes a request down, and says whether the loop must look. With an id, only if that connection is up.
    fn request(&mut self, ask: Ask, id: Option<u64>) -> bool {
        if self.asked == Some(Ask::Stop) || self.stopped().is_some() {
            return false;
        }
        match self.status {
            // There is a connection already, and it stays.
            Status::Connected { .. } if ask == Ask::Retry && !self.leaving => return false,
            Status::Connected { id: up, .. } if id.is_none_or(|id| id == up) => {
                self.leaving = true;
            }
            _ if id.is_some() => return false,
            _ => {}
        }
        self.asked = self.asked.max(Some(ask));
        true
    }

    /// Writes down what happened `at` this time.
    fn note(&mut self, at: Instant, event: &Event<'_>) {
        match *event {
            Event::Connecting { attempt } => {
                let attempts = &mut self.stats.attempts;
                *attempts = attempts.saturating_add(1);
                // What was asked for until now has what it wants: an attempt that began later.
                self.satisfied();
                self.move_to(Status::Connecting { attempt }, at);
            }
            Event::Connected { id } => {
                let connections = &mut self.stats.connections;
                *connections = connections.saturating_add(1);
                // Drops it, or has what it wants.
                self.asked = self.asked.filter(|ask| *ask >= Ask::Reconnect);
                let connected = Status::Connected {
                    id,
                    since: at,
                    ready: false,
                    stable: false,
                };
                self.move_to(connected, at);
                self.leaving = self.asked.is_some();
            }
            Event::Ready { id: up } => {
                self.ready_at = Some(at);
                if let Status::Connected { ready, .. } = &mut self.status {
                    *ready = true;
                }
                if self.kept().is_some() {
                    self.ready = up;
                }
            }
            Event::Stable { .. } => {
                self.outage = None;
                if let Status::Connected { stable, .. } = &mut self.status {
                    *stable = true;
                }
            }
            Event::Failed {
                attempt, outage, ..
            } => {
                self.failed(outage);
                // For how long is decided next, and that may itself take time.
                self.wait(None, attempt.saturating_add(1), at);
            }
            Event::Waiting { delay, attempt } => {
                let until = (!self.offline).then(|| after(at, delay));
                self.wait(until, attempt, at);
            }
            Event::Ending { .. } => self.leaving = true,
            // The loop says first that it waits, and for which attempt.
            Event::Reconnecting { .. } => {}
            Event::Stopped { stopped } => {
                self.move_to(Status::Stopped(stopped.clone()), at);
                self.stopped_at = Some(at);
            }
        }
    }

    fn satisfied(&mut self) {
        self.asked = self.asked.filter(|ask| *ask == Ask::Stop);
    }

    fn failed(&mut self, outage: &Outage) {
        self.stats.failures = self.stats.failures.saturating_add(1);
        if !self.offline {
            self.failures = self.failures.saturating_add(1);
        }
        if let Some(known) = &mut self.outage {
            known.attempts = outage.attempts;
            known.last_cause.clone_from(&outage.last_cause);
        } else {
            self.stats.outages = self.stats.outages.saturating_add(1);
            self.outage = Some(outage.clone());
        }
    }

    fn wait(&mut self, until: Option<Instant>, attempt: u32, at: Instant) {
        let waiting = Status::Waiting {
            until,
            attempt,
            cause: None,
        };
        self.move_to(waiting, at);
    }

    fn move_to(&mut self, status: Status, at: Instant) {
        if matches!(self.status, Status::Connected { .. }) {
            self.stats.uptime = self.uptime(at);
        }
        self.status = status;
        self.ready_at = None;
        self.leaving = false;
    }
}

impl Shared {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                status: Status::Connecting { attempt: 1 },
                ready_at: None,
                leaving: false,
                stopped_at: None,
                outage: None,
                stats: Stats::default(),
                asked: None,
                ready: 0,
                failures: 0,
                awaited: u64::MAX,
                offline: false,
            }),
            waker: LoopWaker::default(),
            answered: Notify::new(),
            failing: Notify::new(),
            watch: OnceLock::new(),
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Status> {
        let state = self.state();
        self.watch
            .get_or_init(|| watch::Sender::new(state.status()))
            .subscribe()
    }

    pub(crate) fn is_watched(&self) -> bool {
        let watch = self.watch.get();
        watch.is_some_and(|watch| watch.receiver_count() > 0)
    }

    /// Takes a request down. With an id, only if that connection is up.
    pub(crate) fn request(&self, ask: Ask, id: Option<u64>) {
        let must_look = self.state().request(ask, id);
        if must_look {
            self.waker.wake();
        }
    }

    /// What was asked for until now is done, except a stop.
    pub(crate) fn satisfied(&self) {
        self.state().satisfied();
    }

    pub(crate) fn asked(&self) -> Option<Ask> {
        self.state().asked
    }

    /// Writes an event down, and wakes those that wait for it.
    pub(crate) fn note(&self, at: Instant, event: &Event<'_>) {
        let failed = {
            let mut state = self.state();
            state.note(at, event);
            let failed = state.failures >= state.awaited;
            if failed {
                // Those that go on waiting say so again.
                state.awaited = u64::MAX;
            }
            failed
        };
        self.show();
        if failed {
            self.failing.notify_waiters();
        }
        if matches!(event, Event::Ready { .. } | Event::Stopped { .. }) {
            self.answered.notify_waiters();
        }
    }

    /// The loop waits before the next attempt, with nothing to tell observers of.
    pub(crate) fn waits(&self, until: Option<Instant>, attempt: u32, at: Instant) {
        self.state().wait(until, attempt, at);
        self.show();
    }

    /// Shows a changed status to those that watch. It is written while the state is unlocked: a waker may look at it.
    fn show(&self) {
        if let Some(watch) = self.watch.get() {
            let status = self.state().status();
            watch.send_if_modified(|shown| {
                let changed = *shown != status;
                *shown = status;
                changed
            });
        }
    }
}

/// `from` and `delay` later; where the clock cannot say that, decades later.
pub(crate) fn after(from: Instant, delay: Duration) -> Instant {
    const DECADES: Duration = Duration::from_secs(30 * 365 * 86_400);
    from.checked_add(delay).unwrap_or_else(|| from + DECADES)
}
