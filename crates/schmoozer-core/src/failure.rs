use std::ops::RangeInclusive;
use std::time::Duration;

use tokio::time::Instant;

/// Why and when an attempt failed, for [`Connector::retry_delay`](crate::Connector::retry_delay) to
/// decide on.
///
/// An attempt begins with `connect` and ends when either `connect` or `run` answers `Reconnect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure<E> {
    /// The error that ended the attempt.
    pub cause: E,
    /// How many times in a row `connect` has failed, this time included; 0 when a connection was up.
    /// Saturates.
    pub attempt: u32,
    /// The time since this attempt began: since `connect` was called.
    pub elapsed: Duration,
    /// How long the connection had been up; `None` when `connect` failed.
    pub uptime: Option<Duration>,
    /// Whether this is the first failure since the loop was started, or since a reconnect was asked
    /// for: what was remembered of earlier failures no longer counts.
    pub first: bool,
    /// When it was found; however long it takes to decide on it, an outage counts from then.
    pub(crate) at: Option<Instant>,
}

impl<E> Failure<E> {
    /// When the connection was up: a mark from before or after is not its own.
    pub(crate) fn up(&self) -> Option<RangeInclusive<Instant>> {
        let lost = self.at?;
        Some(lost.checked_sub(self.uptime?)?..=lost)
    }

    /// Describes a failed first `connect` that took no time: a start for tests of one's own
    /// `retry_delay`, where the fields can be set.
    ///
    /// ```
    /// use std::time::Duration;
    /// use schmoozer_core::Failure;
    ///
    /// let mut lost = Failure::new("reset by peer");
    /// lost.attempt = 0;
    /// lost.uptime = Some(Duration::from_secs(60));
    /// ```
    pub const fn new(cause: E) -> Self {
        Self {
            cause,
            attempt: 1,
            elapsed: Duration::ZERO,
            uptime: None,
            first: false,
            at: None,
        }
    }

    /// Replaces the cause and keeps the rest: for a connector that wraps another.
    pub fn map<F>(self, cause: impl FnOnce(E) -> F) -> Failure<F> {
        Failure {
            cause: cause(self.cause),
            attempt: self.attempt,
            elapsed: self.elapsed,
            uptime: self.uptime,
            first: self.first,
            at: self.at,
        }
    }
}
