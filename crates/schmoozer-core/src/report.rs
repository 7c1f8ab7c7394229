use std::fmt::Display;
use std::sync::Arc;

use tokio::time::Instant;

use crate::logs::Logs;
use crate::shared::Shared;
use crate::text::write_clean;
use crate::{Event, Failure, Observer, Stopped, Why};

/// Hands each event on: to the handles, to the logs, and to the observers.
#[derive(Default)]
pub(crate) struct Report<'a> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) logs: Logs,
    pub(crate) observers: Vec<Box<dyn Observer + 'a>>,
    /// The text of the last failure that was read.
    cause: String,
}

impl Report<'_> {
    pub(crate) fn tell(&mut self, at: Instant, event: &Event<'_>) {
        self.shared.note(at, event);
        self.hand_on(event);
    }

    fn hand_on(&mut self, event: &Event<'_>) {
        self.logs.on_event(event);
        for observer in &mut self.observers {
            observer.on_event(event);
        }
    }

    pub(crate) fn failed<E: Display>(&mut self, at: Instant, failure: &Failure<E>) {
        // A handle holds the shared state too; a watch may outlive the handles.
        let is_read = Arc::strong_count(&self.shared) > 1
            || self.shared.watch.get().is_some()
            || cfg!(feature = "tracing")
            || self.observers.iter().any(|observer| observer.enabled());
        if is_read {
            self.cause.clear();
            // Writing to a string does not fail.
            let _ = write_clean(&mut self.cause, &failure.cause);
        }
        let attempt = failure.attempt;
        let cause = is_read.then_some(self.cause.as_str());
        let outage = self.shared.change(|state| state.failed(at, attempt, cause));
        if attempt == 1 {
            self.logs.outage_began(&self.cause);
        }
        self.hand_on(&Event::Failed {
            cause: &outage.last_cause,
            attempt,
            uptime: failure.uptime,
            outage: &outage,
        });
    }

    /// A connection is stable: the outage is over, and was so when the connection became ready.
    pub(crate) fn stable(&mut self, id: u64, ready: Instant, attempt: u32) {
        let outage = self.shared.change(|state| state.stable(ready, attempt));
        let outage = outage.as_deref();
        self.hand_on(&Event::Stable { id, outage });
    }

    /// When the logs say next that the outage goes on.
    pub(crate) fn reminder(&self) -> Option<Instant> {
        if !cfg!(feature = "tracing") {
            return None;
        }
        self.logs
            .reminder(self.shared.state().outage.as_ref()?.since)
    }

    pub(crate) fn remind(&mut self) {
        if self.reminder().is_some_and(|at| at <= Instant::now()) {
            let (outage, status, offline) = {
                let state = self.shared.state();
                (state.outage.clone(), state.status(), state.offline)
            };
            outage.inspect(|outage| self.logs.remind(outage, &status, offline));
        }
    }

    /// The loop has ended: the last event, told once.
    pub(crate) fn stopped(&mut self, stopped: &Stopped) {
        if self.shared.state().stopped().is_none() {
            self.tell(Instant::now(), &Event::Stopped { stopped });
        }
    }
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        let waker = self.shared.state().waker.take();
        drop(waker);
        if std::thread::panicking() {
            // Only to the handles: what panicked may have been an observer.
            self.observers.clear();
        }
        let cause = self.shared.state().last_cause();
        self.stopped(&Stopped::new(Why::Dropped, cause));
    }
}
