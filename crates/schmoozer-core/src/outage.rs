use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::duration::Spoken;

/// How long it was down, how often it was tried, and why: one record for observers, handles, logs and metrics.
///
/// An outage begins with the first failure after a stable connection, or after the start. It ends when a connection
/// is stable, and has then lasted until that connection became ready.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outage {
    /// When the first failure was.
    pub since: Instant,
    /// How many attempts it has had, from 1, with the one that ended it. Saturates.
    pub attempts: u32,
    /// From the first failure until a connection was ready, or until now.
    pub length: Duration,
    /// The error of the first failure. Empty where no observer and no handle reads it.
    pub first_cause: String,
    /// The error of the last failure. Empty where no observer and no handle reads it.
    pub last_cause: String,
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (length, attempts) = (Spoken(self.length), self.attempts);
        let s = if attempts == 1 { "" } else { "s" };
        write!(f, "{length}, {attempts} attempt{s}")?;
        match self.last_cause.as_str() {
            "" => Ok(()),
            cause => write!(f, ", last: {cause}"),
        }
    }
}
