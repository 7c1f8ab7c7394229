use std::time::Duration;

/// Why and when an attempt failed: what [`Connector::retry_delay`](crate::Connector::retry_delay) decides on.
///
/// An attempt starts with `connect`. It fails when `connect` fails, or later when its connection is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure<E> {
    /// The error that ended the attempt.
    pub cause: E,
    /// Which attempt of the current outage failed, from 1. Failure 1 begins the outage. Saturates.
    pub attempt: u32,
    /// The time since the attempt started, that is since `connect` was called.
    pub elapsed: Duration,
    /// How long the connection was up; `None` when `connect` failed.
    pub uptime: Option<Duration>,
    /// Whether the lost connection was stable. A stable connection has ended the outage before it.
    pub stable: bool,
    /// How long ago the current outage began, without the time spent offline. Zero for failure 1.
    pub outage: Duration,
}

impl<E> Failure<E> {
    /// Describes a first `connect` that failed at once: a start for tests of your own `retry_delay`, where the
    /// fields can be set.
    ///
    /// ```
    /// use std::time::Duration;
    /// use schmoozer_core::Failure;
    ///
    /// let mut lost = Failure::new("reset by peer");
    /// lost.uptime = Some(Duration::from_secs(60));
    /// lost.stable = true;
    /// ```
    pub const fn new(cause: E) -> Self {
        Self {
            cause,
            attempt: 1,
            elapsed: Duration::ZERO,
            uptime: None,
            stable: false,
            outage: Duration::ZERO,
        }
    }

    /// Replaces the cause and keeps the rest, for a connector that wraps another.
    pub fn map<F>(self, cause: impl FnOnce(E) -> F) -> Failure<F> {
        Failure {
            cause: cause(self.cause),
            attempt: self.attempt,
            elapsed: self.elapsed,
            uptime: self.uptime,
            stable: self.stable,
            outage: self.outage,
        }
    }
}
