use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use schmoozer_core::{Event, Observer};

use crate::bound::Bound;

/// What all connectors do, counted.
#[derive(Debug)]
pub(crate) struct Ledger {
    bound: Mutex<Bound>,
    attempts: AtomicU64,
    lost: AtomicU64,
    connecting: AtomicUsize,
    connected: AtomicUsize,
}

impl Ledger {
    pub(crate) fn new(per_second: u32) -> Arc<Self> {
        Arc::new(Self {
            bound: Mutex::new(Bound::new(per_second)),
            attempts: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            connecting: AtomicUsize::new(0),
            connected: AtomicUsize::new(0),
        })
    }

    /// Watches one connector.
    pub(crate) fn watch(self: &Arc<Self>) -> Watch {
        Watch {
            ledger: Arc::clone(self),
            state: State::Waiting,
        }
    }

    pub(crate) fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// How many connections were up, and broke.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub(crate) fn connecting(&self) -> usize {
        self.connecting.load(Ordering::Relaxed)
    }

    pub(crate) fn connected(&self) -> usize {
        self.connected.load(Ordering::Relaxed)
    }

    /// The smallest burst that allows all attempts so far.
    pub(crate) fn burst(&self) -> f64 {
        self.bound().worst()
    }

    fn attempt(&self) {
        let mut bound = self.bound();
        // Read with the lock held: so the times come in their order.
        bound.count(Instant::now());
        self.attempts.fetch_add(1, Ordering::Relaxed);
    }

    fn bound(&self) -> std::sync::MutexGuard<'_, Bound> {
        self.bound.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, state: State) -> Option<&AtomicUsize> {
        match state {
            State::Waiting => None,
            State::Connecting => Some(&self.connecting),
            State::Connected => Some(&self.connected),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    Connecting,
    Connected,
}

/// Tells the ledger what one connector does.
#[derive(Debug)]
pub(crate) struct Watch {
    ledger: Arc<Ledger>,
    state: State,
}

impl Watch {
    fn becomes(&mut self, state: State) {
        if let Some(before) = self.ledger.count(self.state) {
            before.fetch_sub(1, Ordering::Relaxed);
        }
        if let Some(now) = self.ledger.count(state) {
            now.fetch_add(1, Ordering::Relaxed);
        }
        self.state = state;
    }
}

impl Observer for Watch {
    fn on_event(&mut self, event: &Event<'_>) {
        match event {
            Event::Connecting { .. } => {
                self.ledger.attempt();
                self.becomes(State::Connecting);
            }
            Event::Connected { .. } => self.becomes(State::Connected),
            Event::Failed { uptime, .. } => {
                if uptime.is_some() {
                    self.ledger.lost.fetch_add(1, Ordering::Relaxed);
                }
                self.becomes(State::Waiting);
            }
            Event::Reconnecting { .. } | Event::Stopped { .. } => self.becomes(State::Waiting),
            _ => {}
        }
    }
}
