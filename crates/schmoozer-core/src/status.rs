use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::Stopped;
use crate::duration::Spoken;

/// What a connection is doing, from [`Handle::status`](crate::Handle::status).
///
/// `attempt` counts the attempts of the current outage, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// A `connect` is under way, or about to be called.
    Connecting {
        /// Which attempt it is.
        attempt: u32,
    },
    /// A connection is up.
    Connected {
        /// The connection's [`Session::id`](crate::Session::id).
        id: u64,
        /// When it came up.
        since: Instant,
        /// Whether the application can use it.
        ready: bool,
        /// Whether it has been ready long enough to end an outage.
        stable: bool,
    },
    /// The loop waits before the next attempt.
    Waiting {
        /// When that attempt is due. Requests may bring it forward. `None` while offline, and while
        /// [`retry_delay`](crate::Connector::retry_delay) decides. While a [`Pacer`](crate::Pacer) holds the attempt,
        /// this is the earliest moment that the pacer may allow.
        until: Option<Instant>,
        /// The number of the attempt to come.
        attempt: u32,
        /// The last error of the current outage; `None` where there is no outage.
        cause: Option<String>,
    },
    /// The loop has ended.
    Stopped(Stopped),
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting { attempt } => write!(f, "connecting, attempt {attempt}"),
            Self::Connected {
                since,
                ready,
                stable,
                ..
            } => {
                let state = match (ready, stable) {
                    (false, _) => ", not ready",
                    (true, false) => ", not yet stable",
                    (true, true) => "",
                };
                write!(f, "connected for {}{state}", Spoken(since.elapsed()))
            }
            Self::Waiting {
                until,
                attempt,
                cause,
            } => {
                write!(f, "waiting for attempt {attempt}")?;
                if let Some(until) = until {
                    let left = until.saturating_duration_since(Instant::now());
                    write!(f, " in {}", Spoken(left))?;
                }
                match cause {
                    Some(cause) => write!(f, ": {cause}"),
                    None => Ok(()),
                }
            }
            Self::Stopped(stopped) => stopped.fmt(f),
        }
    }
}

/// Counts since the loop was started, from [`Handle::stats`](crate::Handle::stats). All saturate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Calls of `connect`.
    pub attempts: u64,
    /// Connections that came up.
    pub connections: u64,
    /// Calls of `connect` that failed, and connections that were lost.
    pub failures: u64,
    /// Outages begun, the current one included.
    pub outages: u64,
    /// The time that connections were up, the current one included.
    pub uptime: Duration,
    /// When the current outage began, or the one in which the loop stopped; `None` while there is none.
    pub outage_since: Option<Instant>,
}
