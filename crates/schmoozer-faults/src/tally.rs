use std::time::Duration;

use schmoozer_core::{Event, Why};
use tokio::time::Instant;

/// What the events of a run add up to: what its handle's counts, its metrics and its logs must say too.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Tally {
    /// Calls of `connect`.
    pub attempts: u64,
    /// How long each `connect` that succeeded took.
    pub connects: Vec<Duration>,
    /// Connections that came up, also one that the program started with.
    pub connections: u64,
    /// Failed connects, and lost connections.
    pub failures: u64,
    /// Outages begun.
    pub outages: u64,
    /// How long each outage that is over was.
    pub recoveries: Vec<Duration>,
    /// How long each connection that is over was up.
    pub uptimes: Vec<Duration>,
    /// Why the run ended.
    pub ended: Option<Why>,
    connecting: Option<Instant>,
    /// Since when a connection is up.
    up: Option<Instant>,
}

impl Tally {
    /// Whether a connection is up.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.up.is_some()
    }

    pub(crate) fn take(&mut self, at: Instant, event: &Event<'_>) {
        match *event {
            Event::Connecting { .. } => {
                self.over(at);
                self.attempts += 1;
                self.connecting = Some(at);
            }
            Event::Connected { .. } => {
                self.connections += 1;
                self.connects
                    .extend(self.connecting.take().map(|began| at - began));
                self.up = Some(at);
            }
            Event::Failed { attempt, .. } => {
                self.over(at);
                self.failures += 1;
                self.outages += u64::from(attempt == 1);
            }
            Event::Stable {
                outage: Some(outage),
                ..
            } => self.recoveries.push(outage.length),
            Event::Waiting { .. } | Event::Reconnecting { .. } => self.over(at),
            Event::Stopped { stopped } => {
                self.over(at);
                self.ended = Some(stopped.why);
            }
            _ => {}
        }
    }

    fn over(&mut self, at: Instant) {
        self.uptimes.extend(self.up.take().map(|since| at - since));
    }
}
