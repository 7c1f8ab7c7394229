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
    phase: Phase,
    /// The attempt under way, or the one to come.
    attempt: u32,
    /// How and when the loop ended.
    stopped: Option<(Stopped, Instant)>,
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

/// What the loop does. A [`Status`] has the texts of the outage and of the end as well.
#[derive(Debug, Clone, Copy)]
enum Phase {
    Connecting,
    Connected(Up),
    Waiting { until: Option<Instant> },
}

/// The connection that is up.
#[derive(Debug, Clone, Copy)]
struct Up {
    id: u64,
    since: Instant,
    ready: Option<Instant>,
    stable: bool,
    /// It is about to end.
    leaving: bool,
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
        if let Some(stopped) = self.stopped() {
            return Status::Stopped(stopped.clone());
        }
        let attempt = self.attempt;
        match self.phase {
            Phase::Connecting => Status::Connecting { attempt },
            Phase::Connected(up) => Status::Connected {
                id: up.id,
                since: up.since,
                ready: up.ready.is_some(),
                stable: up.stable,
            },
            Phase::Waiting { until } => Status::Waiting {
                until,
                attempt,
                cause: self.outage.as_ref().map(|outage| outage.last_cause.clone()),
            },
        }
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
        let ready = self.up().and_then(|up| up.ready);
        let stopped = self.stopped.as_ref().map(|(_, at)| *at);
        let until = ready.or(stopped).unwrap_or_else(Instant::now);
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
        self.stopped.as_ref().map(|(stopped, _)| stopped)
    }

    fn up(&self) -> Option<Up> {
        match self.phase {
            Phase::Connected(up) => Some(up),
            _ => None,
        }
    }

    /// The connection that is ready and stays.
    pub(crate) fn kept(&self) -> Option<u64> {
        let up = self.up()?;
        (up.ready.is_some() && !up.leaving).then_some(up.id)
    }

    fn uptime(&self, at: Instant) -> Duration {
        let current = self.up().map(|up| at.saturating_duration_since(up.since));
        self.stats
            .uptime
            .saturating_add(current.unwrap_or_default())
    }

    /// Takes a request down, and says whether the loop must look. With an id, only if that connection is up.
    fn request(&mut self, ask: Ask, id: Option<u64>) -> bool {
        if self.asked == Some(Ask::Stop) || self.stopped().is_some() {
            return false;
        }
        match &mut self.phase {
            // There is a connection already, and it stays.
            Phase::Connected(up) if ask == Ask::Retry && !up.leaving => return false,
            Phase::Connected(up) if id.is_none_or(|id| id == up.id) => up.leaving = true,
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
                self.move_to(Phase::Connecting, attempt, at);
            }
            Event::Connected { id } => {
                let connections = &mut self.stats.connections;
                *connections = connections.saturating_add(1);
                // Drops it, or has what it wants.
                self.asked = self.asked.filter(|ask| *ask >= Ask::Reconnect);
                let up = Up {
                    id,
                    since: at,
                    ready: None,
                    stable: false,
                    leaving: self.asked.is_some(),
                };
                self.move_to(Phase::Connected(up), self.attempt, at);
            }
            Event::Ready { id } => {
                self.change(|up| up.ready = Some(at));
                if self.kept().is_some() {
                    self.ready = id;
                }
            }
            Event::Stable { .. } => {
                self.outage = None;
                self.change(|up| up.stable = true);
            }
            Event::Failed {
                attempt, outage, ..
            } => {
                self.failed(outage);
                // For how long is decided next, and that may itself take time.
                self.wait(None, attempt.saturating_add(1), at);
            }
            Event::Waiting { delay, attempt } => {
                self.wait(Some(after(at, delay)), attempt, at);
            }
            Event::Ending { .. } => self.change(|up| up.leaving = true),
            // The loop says first that it waits, and for which attempt.
            Event::Reconnecting { .. } => {}
            Event::Stopped { stopped } => {
                self.wait(None, 0, at);
                self.stopped = Some((stopped.clone(), at));
            }
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut Up)) {
        if let Phase::Connected(up) = &mut self.phase {
            change(up);
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
        // While offline, no one knows when.
        let until = until.filter(|_| !self.offline);
        self.move_to(Phase::Waiting { until }, attempt, at);
    }

    fn move_to(&mut self, phase: Phase, attempt: u32, at: Instant) {
        self.stats.uptime = self.uptime(at);
        self.phase = phase;
        self.attempt = attempt;
    }
}

impl Shared {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                phase: Phase::Connecting,
                attempt: 1,
                stopped: None,
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

    /// The network is there, or is gone. That it is there again counts as a request.
    pub(crate) fn set_online(&self, online: bool) {
        self.state().offline = !online;
        if online {
            self.request(Ask::Retry, None);
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
        if let Some(watch) = self.watch.get() {
            self.show(watch);
        }
        if failed {
            self.failing.notify_waiters();
        }
        if matches!(event, Event::Ready { .. } | Event::Stopped { .. }) {
            self.answered.notify_waiters();
        }
    }

    /// The loop waits before the next attempt, with nothing to tell observers of.
    pub(crate) fn waits(&self, until: Option<Instant>, attempt: u32) {
        self.state().wait(until, attempt, Instant::now());
        if let Some(watch) = self.watch.get() {
            self.show(watch);
        }
    }

    /// Shows a changed status to those that watch. It is written while the state is unlocked: a waker may look at it.
    fn show(&self, watch: &watch::Sender<Status>) {
        let status = self.state().status();
        watch.send_if_modified(|shown| {
            let changed = *shown != status;
            *shown = status;
            changed
        });
    }
}

/// The longest wait: the clock of every system goes so far.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(30 * 365 * 86_400);

/// `delay` after `from`, at most [`LONGEST_WAIT`].
pub(crate) fn after(from: Instant, delay: Duration) -> Instant {
    from + delay.min(LONGEST_WAIT)
}
