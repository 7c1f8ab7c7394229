use std::time::Duration;

use tokio::time::Instant;

use crate::End;

/// The default grace of a handler that has called [`Session::stopping`](crate::Session::stopping).
const DEFAULT_GRACE: Duration = Duration::from_secs(5);

/// What is known of a connection, now or at its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) id: u64,
    pub(crate) ready: Option<Instant>,
    pub(crate) ending: Option<End>,
    /// When these facts were collected. For a closed connection, that is its end.
    pub(crate) ended: Instant,
    pub(crate) stable_after: Duration,
    pub(crate) called_stopping: bool,
}

impl Facts {
    /// Returns when the connection will be stable. Returns `None` while it is not ready, or if an `Instant` cannot
    /// represent that time.
    pub(crate) fn stable_at(&self) -> Option<Instant> {
        self.ready?.checked_add(self.stable_after)
    }

    pub(crate) fn is_stable(&self) -> bool {
        self.stable_at().is_some_and(|stable| stable <= self.ended)
    }

    /// Returns how long the handler may continue after it was told to end. `set` is the value of
    /// [`Runner::grace`](crate::Runner::grace), if any.
    pub(crate) fn grace(&self, set: Option<Duration>) -> Duration {
        match set {
            Some(grace) => grace,
            None if self.called_stopping => DEFAULT_GRACE,
            None => Duration::ZERO,
        }
    }
}
