use std::time::Duration;

use tokio::time::Instant;

/// What a connection is doing, from [`Handle::status`](crate::Handle::status).
///
/// `attempt` counts the calls of `connect` since the last connection that lasted, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// A `connect` is under way, or about to be called.
    Connecting {
        /// Which attempt it is; 0 before the first has begun.
        attempt: u32,
    },
    /// A connection is up.
    Connected {
        /// Since when.
        since: Instant,
    },
    /// The loop waits for the next attempt.
    Waiting {
        /// When that comes, unless it is brought forward or a [`Pacer`](crate::Pacer) holds it up; when the
        /// last one failed while [`retry_delay`](crate::Connector::retry_delay) still decides.
        until: Instant,
        /// How many attempts there have been; 0 when a connection was lost that had lasted.
        attempt: u32,
        /// The error of the last failure.
        cause: String,
    },
    /// The loop has ended, or was dropped.
    Stopped,
}

/// Counts since the loop was started, from [`Handle::stats`](crate::Handle::stats). All saturate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Calls of `connect`.
    pub attempts: u64,
    /// Calls of `connect` that established a connection.
    pub connections: u64,
    /// Calls of `connect` that failed, and connections that were lost; not what told the loop to exit.
    pub failures: u64,
    /// Outages begun, the current one included.
    pub outages: u64,
    /// The time that connections were up, the current one included.
    pub uptime: Duration,
    /// When the current outage began, or that in which the loop stopped; `None` while there is none.
    pub outage_since: Option<Instant>,
}
