use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schmoozer_core::{End, Event, Observer, Outage, Stopped};
use tokio::time::Instant;

/// An observer that keeps each event, with the time at which it came.
///
/// Cheap to clone; the clones share what they have recorded.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use schmoozer_core::Runner;
/// use schmoozer_faults::{Recorder, Script, Step};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let script = Script::new([Step::fails(Duration::from_secs(1))], [Duration::from_secs(5)]);
/// let recorder = Recorder::new();
/// let ended = Runner::new(script).observer(recorder.clone()).run().await;
/// assert_eq!(ended, Err("refused"));
/// assert_eq!(
///     recorder.lines(),
///     [
///         "0s: connecting, attempt 1",
///         "1s: connect failed: refused",
///         "1s: attempt 2 in 5.0s",
///         "6s: connecting, attempt 2",
///         "7s: connect failed: refused",
///         "7s: gave up: refused",
///     ]
/// );
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Recorder {
    events: Arc<Mutex<Vec<(Duration, OwnedEvent)>>>,
    begin: Instant,
}

impl Recorder {
    /// Makes a recorder. It counts times from now on.
    #[must_use]
    pub fn new() -> Self {
        Self {
            events: Arc::default(),
            begin: Instant::now(),
        }
    }

    /// Returns the events, each with its time since the recorder was made.
    #[must_use]
    pub fn events(&self) -> Vec<(Duration, OwnedEvent)> {
        self.recorded().clone()
    }

    /// Returns the events as text, each with its time.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let recorded = self.recorded();
        let lines = recorded.iter();
        lines
            .map(|(at, event)| format!("{}s: {}", at.as_secs_f64(), event.as_event()))
            .collect()
    }

    fn recorded(&self) -> MutexGuard<'_, Vec<(Duration, OwnedEvent)>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for Recorder {
    fn on_event(&mut self, event: &Event<'_>) {
        if let Some(event) = OwnedEvent::of(event) {
            let at = self.begin.elapsed();
            self.recorded().push((at, event));
        }
    }
}

/// An [`Event`] that owns what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "as the events")]
pub enum OwnedEvent {
    Connecting {
        attempt: u32,
    },
    Connected {
        id: u64,
    },
    Ready {
        id: u64,
    },
    Stable {
        id: u64,
        outage: Option<Outage>,
    },
    Failed {
        cause: String,
        attempt: u32,
        uptime: Option<Duration>,
        outage: Outage,
    },
    Waiting {
        delay: Duration,
        attempt: u32,
    },
    Ending {
        id: u64,
        end: End,
    },
    Reconnecting {
        id: u64,
    },
    Stopped {
        stopped: Stopped,
    },
}

impl OwnedEvent {
    /// Copies an event; `None` for a kind of event that it does not know.
    #[must_use]
    pub fn of(event: &Event<'_>) -> Option<Self> {
        Some(match *event {
            Event::Connecting { attempt } => Self::Connecting { attempt },
            Event::Connected { id } => Self::Connected { id },
            Event::Ready { id } => Self::Ready { id },
            Event::Stable { id, outage } => Self::Stable {
                id,
                outage: outage.cloned(),
            },
            Event::Failed {
                cause,
                attempt,
                uptime,
                outage,
            } => Self::Failed {
                cause: cause.to_owned(),
                attempt,
                uptime,
                outage: outage.clone(),
            },
            Event::Waiting { delay, attempt } => Self::Waiting { delay, attempt },
            Event::Ending { id, end } => Self::Ending { id, end },
            Event::Reconnecting { id } => Self::Reconnecting { id },
            Event::Stopped { stopped } => Self::Stopped {
                stopped: stopped.clone(),
            },
            _ => return None,
        })
    }

    /// The event again, for its text or for another observer.
    #[must_use]
    pub fn as_event(&self) -> Event<'_> {
        match *self {
            Self::Connecting { attempt } => Event::Connecting { attempt },
            Self::Connected { id } => Event::Connected { id },
            Self::Ready { id } => Event::Ready { id },
            Self::Stable { id, ref outage } => Event::Stable {
                id,
                outage: outage.as_ref(),
            },
            Self::Failed {
                ref cause,
                attempt,
                uptime,
                ref outage,
            } => Event::Failed {
                cause,
                attempt,
                uptime,
                outage,
            },
            Self::Waiting { delay, attempt } => Event::Waiting { delay, attempt },
            Self::Ending { id, end } => Event::Ending { id, end },
            Self::Reconnecting { id } => Event::Reconnecting { id },
            Self::Stopped { ref stopped } => Event::Stopped { stopped },
        }
    }
}
