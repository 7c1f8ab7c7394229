//! What the loop writes down for its handles.

use std::fmt::Write as _;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::control::Control;
use crate::{Event, Observer, Outage, Stats, Status};

/// Shared by a loop and its handles.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) control: Arc<Control>,
    board: Mutex<Board>,
    pub(crate) changed: Notify,
    /// Made when somebody first asks for it.
    watch: OnceLock<watch::Sender<Status>>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Board {
    phase: Phase,
    attempt: u32,
    /// The text of the last failure.
    cause: String,
    /// The text of the failure that began the outage.
    first_cause: String,
    stats: Stats,
}

#[derive(Debug, Clone, Copy, Default)]
enum Phase {
    #[default]
    Connecting,
    Connected {
        since: Instant,
        /// A handle has asked for its end.
        leaving: bool,
    },
    Waiting {
        until: Instant,
    },
    Stopped {
        at: Instant,
    },
}

impl Board {
    pub(crate) fn status(&self) -> Status {
        let attempt = self.attempt;
        match self.phase {
            Phase::Connecting => Status::Connecting { attempt },
            Phase::Connected { since, .. } => Status::Connected { since },
            Phase::Waiting { until } => Status::Waiting {
                until,
                attempt,
                cause: self.cause.clone(),
            },
            Phase::Stopped { .. } => Status::Stopped,
        }
    }

    /// Brings `status` up to date, and answers whether it was not. Between two failures there is an attempt: what goes
    /// on waiting waits because of the same one, and its cause is not written anew.
    fn update(&self, status: &mut Status) -> bool {
        if let (Phase::Waiting { until: new }, Status::Waiting { until, .. }) =
            (self.phase, &mut *status)
        {
            return mem::replace(until, new) != new;
        }
        let new = self.status();
        let modified = *status != new;
        *status = new;
        modified
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = self.stats;
        stats.uptime = self.uptime();
        stats
    }

    pub(crate) fn outage(&self) -> Option<Outage> {
        let since = self.stats.outage_since?;
        let until = match self.phase {
            Phase::Stopped { at } => at,
            _ => Instant::now(),
        };
        Some(Outage {
            since,
            attempts: self.attempt,
            length: until - since,
            first_cause: self.first_cause.clone(),
            last_cause: self.cause.clone(),
        })
    }

    /// The time that connections were up, until now.
    fn uptime(&self) -> Duration {
        match self.phase {
            Phase::Connected { since, .. } => self.stats.uptime.saturating_add(since.elapsed()),
            _ => self.stats.uptime,
        }
    }

    pub(crate) fn cause(&self) -> &str {
        &self.cause
    }

    /// Whether a connection is up, and nobody has asked for its end.
    pub(crate) fn is_kept(&self) -> bool {
        matches!(self.phase, Phase::Connected { leaving: false, .. })
    }

    /// The connection that is up is about to be dropped. The loop tells of that, whatever it does next.
    pub(crate) fn leave(&mut self) {
        if let Phase::Connected { leaving, .. } = &mut self.phase {
            *leaving = true;
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        matches!(self.phase, Phase::Stopped { .. })
    }

    fn disconnected(&mut self) {
        self.stats.uptime = self.uptime();
        self.phase = Phase::Connecting;
    }

    /// Writes `event` down, and if it is a failure its `cause`, in exchange for the text of the one before.
    fn note(&mut self, event: &Event<'_>, cause: &mut String) {
        let stats = &mut self.stats;
        match *event {
            Event::Connecting { attempt } => {
                stats.attempts = stats.attempts.saturating_add(1);
                self.attempt = attempt;
                self.phase = Phase::Connecting;
            }
            Event::Connected { .. } => {
                stats.connections = stats.connections.saturating_add(1);
                self.phase = Phase::Connected {
                    since: Instant::now(),
                    leaving: false,
                };
            }
            Event::Failed { attempt, .. } => {
                stats.failures = stats.failures.saturating_add(1);
                mem::swap(&mut self.cause, cause);
                self.disconnected();
                self.attempt = attempt;
                // For how long is decided next, and that may itself take time.
                let until = Instant::now();
                self.phase = Phase::Waiting { until };
                // Who is woken by the failure finds the outage, which is told of next.
                let stats = &mut self.stats;
                if stats.outage_since.is_none() {
                    stats.outages = stats.outages.saturating_add(1);
                    stats.outage_since = Some(until);
                    self.first_cause.clone_from(&self.cause);
                }
            }
            Event::OutageBegan { outage } => stats.outage_since = Some(outage.since),
            Event::Recovered { .. } => stats.outage_since = None,
            Event::Waiting { delay, .. } => {
                let now = Instant::now();
                let until = now.checked_add(delay).unwrap_or_else(|| now + DECADES);
                self.phase = Phase::Waiting { until };
            }
            Event::Reconnecting { .. } => self.disconnected(),
            Event::Stopped { .. } => {
                self.disconnected();
                self.phase = Phase::Stopped { at: Instant::now() };
            }
        }
    }
}

/// Stands for a delay that the clock cannot hold; tokio's own sleeps end then.
const DECADES: Duration = Duration::from_secs(30 * 365 * 86_400);

impl Shared {
    pub(crate) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Status> {
        let board = self.board();
        self.watch
            .get_or_init(|| watch::Sender::new(board.status()))
            .subscribe()
    }

    fn note(&self, event: &Event<'_>, cause: &mut String) {
        self.board().note(event, cause);
        // The board is no longer locked when somebody is woken: a waker may look at it.
        if let Some(watch) = self.watch.get() {
            watch.send_if_modified(|status| self.board().update(status));
        }
        // Nobody waits for the start of an attempt or of a wait.
        if !matches!(event, Event::Connecting { .. } | Event::Waiting { .. }) {
            self.changed.notify_waiters();
        }
    }
}

/// The loop's end: an observer that writes on the board, and says at the latest when it is dropped that
/// the loop has stopped.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    /// Where the text of a cause is written before the board is locked: its `Display` is not ours, and
    /// may use a handle.
    cause: String,
}

impl Observer for Writer {
    fn on_event(&mut self, event: &Event<'_>) {
        if let Event::Failed { cause, .. } = event {
            self.cause.clear();
            // Fails only if the cause's own `Display` does; what came is kept.
            let _ = write!(self.cause, "{cause}");
        }
        self.shared.note(event, &mut self.cause);
    }

    fn enabled(&self) -> bool {
        // The board keeps the text of the causes itself.
        false
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.control.forget();
        if !self.shared.board().is_stopped() {
            let stopped = Event::Stopped {
                outage: None,
                error: None,
            };
            self.shared.note(&stopped, &mut self.cause);
        }
    }
}
