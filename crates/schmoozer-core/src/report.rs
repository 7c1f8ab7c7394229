use std::fmt::Display;
use std::sync::Arc;

use tokio::time::Instant;

use crate::facts::Facts;
use crate::logs::Logs;
use crate::shared::Shared;
use crate::text;
use crate::{Event, Failure, Observer, Outage, Stopped, Why};

/// Hands each event on: to the handles, to the logs, and to the observers. Keeps the record of the outage.
pub(crate) struct Report<'a> {
    pub(crate) shared: Arc<Shared>,
    logs: Logs,
    pub(crate) observers: Vec<Box<dyn Observer + 'a>>,
    /// Boxed, so that it is cheap to move.
    outage: Option<Box<Outage>>,
    stopped: bool,
}

impl Report<'_> {
    pub(crate) fn new() -> Self {
        Self {
            shared: Shared::new(),
            logs: Logs::default(),
            observers: Vec::new(),
            outage: None,
            stopped: false,
        }
    }

    /// Names the target in the logs.
    pub(crate) fn name(&mut self, target: Option<String>) {
        self.logs.name(target);
    }

    pub(crate) fn tell(&mut self, at: Instant, event: &Event<'_>) {
        self.shared.note(at, event);
        self.logs.on_event(event);
        for observer in &mut self.observers {
            observer.on_event(event);
        }
    }

    pub(crate) fn failed<E: Display>(&mut self, at: Instant, failure: &Failure<E>) {
        // A handle holds the shared state too; a watch may outlive the handles.
        let read = Arc::strong_count(&self.shared) > 1
            || self.shared.is_watched()
            || Logs::enabled()
            || self.observers.iter().any(|observer| observer.enabled());
        let first = self.outage.is_none();
        let mut outage = self
            .outage
            .take()
            .unwrap_or_else(|| Box::new(Outage::begin(at)));
        outage.attempts = failure.attempt;
        outage.length = at - outage.since;
        if read {
            text::write(&mut outage.last_cause, &failure.cause);
            if first {
                outage.first_cause.clone_from(&outage.last_cause);
            }
        }
        if first {
            let written = read.then_some(outage.last_cause.as_str());
            self.logs.outage_began(written, &failure.cause);
        }
        self.tell(
            at,
            &Event::Failed {
                cause: &outage.last_cause,
                attempt: failure.attempt,
                uptime: failure.uptime,
                outage: &outage,
            },
        );
        self.outage = Some(outage);
    }

    /// A connection is stable: the outage is over, and was so when the connection became ready.
    pub(crate) fn stable(&mut self, facts: &Facts, attempt: u32) {
        let mut outage = self.outage.take();
        if let (Some(outage), Some(ready)) = (&mut outage, facts.ready) {
            outage.attempts = attempt;
            outage.length = ready.saturating_duration_since(outage.since);
        }
        let stable = Event::Stable {
            id: facts.id,
            outage: outage.as_deref(),
        };
        self.tell(facts.ended, &stable);
    }

    /// A connection that was not stable was renewed, for the `times`th time in a row.
    pub(crate) fn renewed_early(&self, times: u32) {
        self.logs.renewed_early(times);
    }

    /// A handler that was told to end returned an error.
    pub(crate) fn ended_with(&self, cause: &dyn Display) {
        self.logs.ended_with(cause);
    }

    /// When the logs say next that the outage goes on.
    pub(crate) fn reminder(&self) -> Option<Instant> {
        self.logs.reminder(self.outage.as_ref()?)
    }

    pub(crate) fn remind(&mut self) {
        let now = Instant::now();
        if let Some(outage) = &mut self.outage {
            if self.logs.reminder(outage).is_some_and(|at| at <= now) {
                outage.length = now - outage.since;
                let (status, offline) = {
                    let state = self.shared.state();
                    (state.status(), state.offline)
                };
                self.logs.remind(outage, &status, offline);
            }
        }
    }

    /// The text of the outage's last failure, if there is an outage and its texts are read.
    pub(crate) fn last_cause(&self) -> Option<String> {
        let cause = &self.outage.as_ref()?.last_cause;
        (!cause.is_empty()).then(|| cause.clone())
    }

    /// The loop has ended: the last event, told once.
    pub(crate) fn stopped(&mut self, stopped: &Stopped) {
        if !std::mem::replace(&mut self.stopped, true) {
            self.tell(Instant::now(), &Event::Stopped { stopped });
        }
    }
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        self.shared.waker.forget();
        if std::thread::panicking() {
            // Only to the handles: what panicked may have been an observer.
            self.observers.clear();
        }
        let stopped = Stopped::new(Why::Dropped, self.last_cause());
        self.stopped(&stopped);
    }
}
