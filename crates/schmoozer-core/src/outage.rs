use std::fmt::{Display, Write as _};
use std::time::Duration;

use tokio::time::Instant;

/// How long it was down, how often it was tried, and why: one record, the same for observers, status
/// and logs.
///
/// An outage lasts from the first failure until the start of the next connection that lasts; one that
/// breaks early is part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outage {
    /// When the first failure was.
    pub since: Instant,
    /// How often `connect` was called since the last connection that lasted, the call that ended the
    /// outage included. Saturates.
    pub attempts: u32,
    /// From the first failure until the connection that ended it, or until now while it goes on.
    pub length: Duration,
    /// The error of the first failure.
    pub first_cause: String,
    /// The error of the last failure.
    pub last_cause: String,
}

impl Outage {
    pub(crate) fn begin(since: Instant, attempts: u32, cause: Option<&dyn Display>) -> Self {
        let mut outage = Self {
            since,
            attempts,
            length: Duration::ZERO,
            first_cause: String::new(),
            last_cause: String::new(),
        };
        if let Some(cause) = cause {
            // Not `to_string`, which panics when the cause's own `Display` fails; what came is kept.
            let _ = write!(outage.first_cause, "{cause}");
        }
        outage.last_cause.clone_from(&outage.first_cause);
        outage
    }

    pub(crate) fn goes_on(&mut self, now: Instant, attempts: u32, cause: Option<&dyn Display>) {
        self.attempts = attempts;
        self.length = now - self.since;
        self.last_cause.clear();
        if let Some(cause) = cause {
            // As above.
            let _ = write!(self.last_cause, "{cause}");
        }
    }
}
