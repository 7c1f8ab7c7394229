use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What is seen of a client's attempts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Attempts>>);

#[derive(Debug, Default)]
struct Attempts {
    begun: u32,
    under_way_since: Option<Instant>,
    connected_at: Option<Instant>,
}

impl Seen {
    pub(crate) fn begins(&self) {
        let mut attempts = self.lock();
        attempts.begun += 1;
        attempts.under_way_since = Some(Instant::now());
        attempts.connected_at = None;
    }

    pub(crate) fn ends<T, E>(&self, result: &Result<T, E>) {
        let mut attempts = self.lock();
        attempts.under_way_since = None;
        attempts.connected_at = result.is_ok().then(Instant::now);
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.lock().begun
    }

    pub(crate) fn connected_at(&self) -> Option<Instant> {
        self.lock().connected_at
    }

    /// How long the attempt has taken so far that is under way.
    pub(crate) fn under_way(&self) -> Option<Duration> {
        self.lock().under_way_since.map(|since| since.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, Attempts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
