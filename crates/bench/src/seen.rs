use std::time::Instant;

use tokio::sync::watch;

/// What is seen of a client's attempts.
#[derive(Debug, Clone, Default)]
pub struct Seen(watch::Sender<Attempts>);

#[derive(Debug, Default)]
struct Attempts {
    begun: u32,
    under_way: bool,
    connected_at: Option<Instant>,
}

impl Seen {
    pub(crate) fn begins(&self) {
        self.0.send_modify(|attempts| {
            attempts.begun += 1;
            attempts.under_way = true;
        });
    }

    pub(crate) fn ends(&self, connected: bool) {
        self.0.send_modify(|attempts| {
            attempts.under_way = false;
            attempts.connected_at = connected.then(Instant::now);
        });
    }

    /// How many attempts have begun.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.borrow().begun
    }

    /// Whether the last attempt has not ended.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.0.borrow().under_way
    }

    /// Waits until the client has connected, and returns when it did.
    pub async fn connected(&self) -> Option<Instant> {
        let mut attempts = self.0.subscribe();
        let connected = attempts.wait_for(|attempts| attempts.connected_at.is_some());
        connected.await.ok()?.connected_at
    }
}
