use std::time::Duration;

use tokio::time::Instant;

use crate::End;

/// The time that a handler may continue after it was told to end, if it called [`Session::stopping`](crate::Session::stopping) and no grace was
/// set.
const DEFAULT_GRACE: Duration = Duration::from_secs(5);

/// The facts about a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lived {
    pub(crate) id: u64,
    pub(crate) ready: Option<Instant>,
    pub(crate) told: Option<End>,
    /// When the connection ended, or now.
    pub(crate) ended: Instant,
    pub(crate) stable_after: Duration,
    pub(crate) asked: bool,
}

impl Lived {
    /// Returns when the connection will be stable. Returns `None` while it is not ready, or if the clock cannot hold
    /// that time.
    pub(crate) fn stable_at(&self) -> Option<Instant> {
        self.ready?.checked_add(self.stable_after)
    }

    pub(crate) fn is_stable(&self) -> bool {
        self.stable_at().is_some_and(|stable| stable <= self.ended)
    }

    /// Returns how long the handler may continue after it was told to end. `set` is the grace that the program set.
    pub(crate) fn grace(&self, set: Option<Duration>) -> Duration {
        match set {
            Some(grace) => grace,
            None if self.asked => DEFAULT_GRACE,
            None => Duration::ZERO,
        }
    }
}
