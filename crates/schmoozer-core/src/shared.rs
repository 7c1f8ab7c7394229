//! What a loop and its handles share: where the connection stands, and what the handles have asked for.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::{Event, Outage, Stats, Status, Stopped};

/// Shared by a loop and its handles. The lock is never held while foreign code runs, such as a waker's.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    state: Mutex<State>,
    /// A connection is ready, or the loop has ended.
    pub(crate) answered: Notify,
    /// Notified when `answered` is, and when the number of failures reaches `awaited`.
    pub(crate) failing: Notify,
    /// Made when it is first asked for.
    pub(crate) watch: OnceLock<watch::Sender<Status>>,
}

#[derive(Debug)]
pub(crate) struct State {
    /// Without the outage's cause, which is added where it is read.
    status: Status,
    /// A request or a planned end is about to end the connection that is up, if one is.
    leaving: bool,
    /// As it was at the last failure.
    pub(crate) outage: Option<Arc<Outage>>,
    /// When the current connection became ready, or the loop stopped. If there is an outage, its length ends here.
    outage_end: Option<Instant>,
    stats: Stats,
    pub(crate) asked: Option<Ask>,
    /// Wakes the loop's task at the next request. Its `clone`, `wake` and `drop` are foreign.
    pub(crate) waker: Option<Waker>,
    /// The latest connection that was ready and not about to end.
    pub(crate) ready_id: u64,
    /// Failures, without those while offline.
    pub(crate) failures: u64,
    /// The value of `failures` at which to wake waiters. `u64::MAX` if no waiter has a limit.
    pub(crate) awaited: u64,
    pub(crate) offline: bool,
}

/// The strongest pending request. The variants are in ascending order, and `max` keeps the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ask {
    Retry,
    Renew,
    Reconnect,
    Stop,
}

impl Default for State {
    fn default() -> Self {
        Self {
            status: Status::Connecting { attempt: 1 },
            leaving: false,
            outage: None,
            outage_end: None,
            stats: Stats::default(),
            asked: None,
            waker: None,
            ready_id: 0,
            failures: 0,
            awaited: u64::MAX,
            offline: false,
        }
    }
}

impl State {
    pub(crate) fn status(&self) -> Status {
        let mut status = self.status.clone();
        if let Status::Waiting { cause, .. } = &mut status {
            *cause = self.last_cause();
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
        let mut outage = self.outage.as_deref().cloned()?;
        let until = self.outage_end.unwrap_or_else(Instant::now);
        outage.length = until.saturating_duration_since(outage.since);
        Some(outage)
    }

    /// The text of the outage's last failure, if there is an outage and its texts are read.
    pub(crate) fn last_cause(&self) -> Option<String> {
        let cause = &self.outage.as_ref()?.last_cause;
        (!cause.is_empty()).then(|| cause.clone())
    }

    pub(crate) fn stopped(&self) -> Option<&Stopped> {
        match &self.status {
            Status::Stopped(stopped) => Some(stopped),
            _ => None,
        }
    }

    fn up(&self) -> Option<u64> {
        match self.status {
            Status::Connected { id, .. } => Some(id),
            _ => None,
        }
    }

    /// The connection that is ready and stays.
    pub(crate) fn kept(&self) -> Option<u64> {
        self.up().filter(|id| *id == self.ready_id && !self.leaving)
    }

    fn uptime(&self, at: Instant) -> Duration {
        match self.status {
            Status::Connected { since, .. } => {
                let current = at.saturating_duration_since(since);
                self.stats.uptime.saturating_add(current)
            }
            _ => self.stats.uptime,
        }
    }

    /// Writes down what happened `at` this time.
    #[inline]
    fn note(&mut self, at: Instant, event: &Event<'_>) {
        match *event {
            Event::Connecting { attempt } => {
                count(&mut self.stats.attempts);
                // This attempt began after every pending request, so it satisfies all of them except a stop.
                self.satisfied();
                self.move_to(Status::Connecting { attempt }, at);
            }
            Event::Connected { id } => {
                count(&mut self.stats.connections);
                // Satisfies a retry and a renewal. A reconnect and a stop stay, and end this connection.
                self.asked = self.asked.filter(|ask| *ask >= Ask::Reconnect);
                self.leaving = self.asked.is_some();
                let connected = Status::Connected {
                    id,
                    since: at,
                    ready: false,
                    stable: false,
                };
                self.move_to(connected, at);
            }
            Event::Ready { id } => {
                if let Status::Connected { ready, .. } = &mut self.status {
                    *ready = true;
                }
                self.outage_end = Some(at);
                if !self.leaving {
                    self.ready_id = id;
                }
            }
            Event::Waiting { delay, attempt } => {
                self.wait(Some(after(at, delay)), attempt, at);
            }
            Event::Ending { .. } => self.leaving = true,
            Event::Stopped { stopped } => {
                self.move_to(Status::Stopped(stopped.clone()), at);
                self.outage_end = Some(at);
            }
            // The state contains these already when they are told.
            Event::Failed { .. } | Event::Stable { .. } | Event::Reconnecting { .. } => {}
        }
    }

    /// What was asked for until now is done, except a stop.
    pub(crate) fn satisfied(&mut self) {
        self.asked = self.asked.filter(|ask| *ask == Ask::Stop);
    }

    /// An attempt failed, with this cause if its text is read.
    pub(crate) fn failed(&mut self, at: Instant, attempt: u32, cause: Option<&str>) -> Arc<Outage> {
        count(&mut self.stats.failures);
        if !self.offline {
            count(&mut self.failures);
        }
        // The end of the wait is unknown: `retry_delay` decides it next, and may take time.
        self.wait(None, attempt.saturating_add(1), at);
        let outage = self.outage.get_or_insert_with(|| {
            count(&mut self.stats.outages);
            Arc::new(Outage {
                since: at,
                attempts: attempt,
                length: Duration::ZERO,
                first_cause: cause.unwrap_or_default().to_owned(),
                last_cause: String::new(),
            })
        });
        let record = Arc::make_mut(outage);
        record.attempts = attempt;
        record.length = at - record.since;
        if let Some(cause) = cause {
            record.last_cause.clear();
            record.last_cause.push_str(cause);
        }
        Arc::clone(outage)
    }

    /// The connection is stable. Returns the outage that this ends.
    pub(crate) fn stable(&mut self, ready: Instant, attempt: u32) -> Option<Arc<Outage>> {
        if let Status::Connected { stable, .. } = &mut self.status {
            *stable = true;
        }
        let mut outage = self.outage.take()?;
        let record = Arc::make_mut(&mut outage);
        record.attempts = attempt;
        record.length = ready.saturating_duration_since(record.since);
        Some(outage)
    }

    #[inline]
    pub(crate) fn wait(&mut self, until: Option<Instant>, attempt: u32, at: Instant) {
        let waiting = Status::Waiting {
            // While offline, no one knows when.
            until: until.filter(|_| !self.offline),
            attempt,
            cause: None,
        };
        self.move_to(waiting, at);
    }

    #[inline]
    fn move_to(&mut self, status: Status, at: Instant) {
        if self.up().is_some() {
            self.stats.uptime = self.uptime(at);
        }
        self.outage_end = None;
        self.status = status;
    }
}

fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Status> {
        let state = self.state();
        self.watch
            .get_or_init(|| watch::Sender::new(state.status()))
            .subscribe()
    }

    /// Records a request, and wakes the loop. Ignores it after a stop, if a retry would bring nothing, or if connection `id`
    /// is not up.
    pub(crate) fn request(&self, ask: Ask, id: Option<u64>) {
        let mut state = self.state();
        let up = state.up();
        // A retry brings nothing while a connection is up and stays.
        let has_it = ask == Ask::Retry && up.is_some() && !state.leaving;
        let is_over = state.asked == Some(Ask::Stop) || state.stopped().is_some();
        if has_it || is_over || id.is_some_and(|id| up != Some(id)) {
            return;
        }
        state.leaving = true;
        state.asked = state.asked.max(Some(ask));
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Registers the loop's task, to be woken by the next request. Check for requests afterwards: one may have come before.
    #[inline]
    pub(crate) fn listen(&self, cx: &Context<'_>) {
        let is_known = {
            let state = self.state();
            let waker = state.waker.as_ref();
            waker.is_some_and(|waker| waker.will_wake(cx.waker()))
        };
        if !is_known {
            let waker = Some(cx.waker().clone());
            let old = mem::replace(&mut self.state().waker, waker);
            drop(old);
        }
    }

    /// Calls `decide` now and after each notification of `news`, until it returns `Some`.
    pub(crate) async fn wait<T>(
        &self,
        news: &Notify,
        decide: impl Fn(&mut State) -> Option<T>,
    ) -> T {
        loop {
            // Created before the state is read: a `Notified` receives every notification after its creation.
            let notified = news.notified();
            let decided = decide(&mut self.state());
            match decided {
                Some(decided) => return decided,
                None => notified.await,
            }
        }
    }

    /// Writes an event down.
    pub(crate) fn note(&self, at: Instant, event: &Event<'_>) {
        self.change(|state| state.note(at, event));
        if matches!(event, Event::Ready { .. } | Event::Stopped { .. }) {
            self.answered.notify_waiters();
            self.failing.notify_waiters();
        }
    }

    /// Changes the state. Then wakes the waiters whose limit of failures is reached, and shows a changed status to those
    /// that watch. The state is unlocked first, because a waker may read it.
    #[inline]
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let (changed, is_awaited) = {
            let mut state = self.state();
            let changed = change(&mut state);
            let is_awaited = state.failures >= state.awaited;
            if is_awaited {
                // A waiter that goes on waiting sets it again in `decide`.
                state.awaited = u64::MAX;
            }
            (changed, is_awaited)
        };
        if let Some(watch) = self.watch.get() {
            let status = self.state().status();
            watch.send_if_modified(|shown| {
                let changed = *shown != status;
                *shown = status;
                changed
            });
        }
        if is_awaited {
            self.failing.notify_waiters();
        }
        changed
    }
}

/// The longest wait, 30 years. The present plus this overflows on no system.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(30 * 365 * 86_400);

/// `delay` after `from`, at most [`LONGEST_WAIT`].
pub(crate) fn after(from: Instant, delay: Duration) -> Instant {
    from + delay.min(LONGEST_WAIT)
}
