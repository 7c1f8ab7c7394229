use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schmoozer_core::{Event, Handle, Observer};
use tokio::time::Instant;

use super::play::TICK;

/// Requests start at most one attempt in this time.
const REQUEST_INTERVAL: Duration = Duration::from_secs(1);

/// What is known of one client, through all its boots.
#[derive(Debug, Default)]
pub(crate) struct Monitor {
    live: AtomicUsize,
    seen: Mutex<Seen>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) attempts: u32,
    pub(crate) outages: u32,
    /// Each event and its time since the simulation began.
    pub(crate) events: Vec<(Duration, String)>,
    /// When the connection came up that is up.
    pub(crate) connected: Option<Duration>,
    /// Of the loop that runs.
    pub(crate) handle: Option<Handle>,
    /// When the handle was last asked for what cuts a wait short, and has cut none yet.
    pub(crate) asked: Option<Duration>,
    pub(crate) stopped: bool,
}

impl Monitor {
    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn none_is_live(&self) {
        let live = self.live.load(Ordering::Relaxed);
        assert_eq!(live, 0, "the old connection lives on");
    }

    pub(crate) fn live(self: &Arc<Self>) -> Live {
        let before = self.live.fetch_add(1, Ordering::Relaxed);
        assert_eq!(before, 0, "there are two connections");
        Live(Arc::clone(self))
    }

    /// The client's machine has crashed.
    pub(crate) fn crashed(&self) {
        self.none_is_live();
        let mut seen = self.seen();
        seen.connected = None;
        seen.handle = None;
        seen.asked = None;
    }
}

/// A connection, while it lives.
#[derive(Debug)]
pub(crate) struct Live(Arc<Monitor>);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.live.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Notes the events, and whether waits are cut short that must not be.
pub(crate) struct Notes {
    monitor: Arc<Monitor>,
    /// When the wait began that is under way, and for how long it is.
    wait: Option<(Instant, Duration)>,
}

impl Notes {
    pub(crate) fn new(monitor: Arc<Monitor>) -> Self {
        Self {
            monitor,
            wait: None,
        }
    }

    /// A wait may end early by what the client's own handle was asked for, once, within the time in which requests
    /// start one attempt.
    fn wait_ends(&mut self, now: Duration) {
        let cut = self
            .wait
            .take()
            .is_some_and(|(from, delay)| from.elapsed() < delay);
        if cut {
            let asked = self.monitor.seen().asked.take();
            let soon = asked.is_some_and(|asked| now.abs_diff(asked) <= REQUEST_INTERVAL + TICK);
            assert!(soon, "a wait was cut short, asked for at {asked:?}");
        }
    }
}

impl Observer for Notes {
    fn on_event(&mut self, event: &Event<'_>) {
        let now = turmoil::sim_elapsed().unwrap_or_default();
        match *event {
            Event::Waiting { delay, .. } => self.wait = Some((Instant::now(), delay)),
            Event::Connecting { .. } => self.wait_ends(now),
            _ => {}
        }

        let mut seen = self.monitor.seen();
        match event {
            Event::Connecting { .. } => seen.attempts += 1,
            Event::Connected { .. } => seen.connected = Some(now),
            Event::Stopped { .. } => (seen.connected, seen.stopped) = (None, true),
            Event::Failed { attempt, .. } => {
                seen.outages += u32::from(*attempt == 1);
                seen.connected = None;
            }
            Event::Reconnecting { .. } => seen.connected = None,
            _ => {}
        }
        seen.events.push((now, event.to_string()));
    }
}
