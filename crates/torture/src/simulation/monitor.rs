use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schmoozer_backoff::Exponential;
use schmoozer_core::{Event, Handle, Observer};
use tokio::time::Instant;

use super::play::TICK;

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

/// Notes the events, and whether the delays are the policy's and are waited for.
pub(crate) struct Notes {
    monitor: Arc<Monitor>,
    policy: Exponential,
    rest: <Exponential as IntoIterator>::IntoIter,
    at_least: Duration,
    /// The next failure draws from the policy afresh.
    afresh: bool,
    elapsed: Duration,
    /// When the wait began that is under way, and for how long it is.
    wait: Option<(Instant, Duration)>,
}

impl Notes {
    pub(crate) fn new(monitor: Arc<Monitor>, policy: Exponential, at_least: Duration) -> Self {
        Self {
            monitor,
            policy,
            rest: policy.into_iter(),
            at_least,
            afresh: true,
            elapsed: Duration::ZERO,
            wait: None,
        }
    }

    fn expect(&mut self, delay: Duration) {
        let floor = self.at_least.saturating_sub(self.elapsed);
        let next = self.rest.next().map(|next| next.max(floor));
        assert_eq!(Some(delay), next, "the delay is not the policy's");
        self.wait = Some((Instant::now(), delay));
    }

    /// A wait may end early by what the client's own handle was asked for, in that moment, once.
    fn wait_ends(&mut self, now: Duration) {
        let cut = self
            .wait
            .take()
            .is_some_and(|(from, delay)| from.elapsed() < delay);
        if cut {
            let asked = self.monitor.seen().asked.take();
            let at_once = asked.is_some_and(|asked| now.abs_diff(asked) <= TICK);
            assert!(at_once, "a wait was cut short, asked for at {asked:?}");
        }
    }
}

impl Observer for Notes {
    fn on_event(&mut self, event: &Event<'_>) {
        let now = turmoil::sim_elapsed().unwrap_or_default();
        match *event {
            Event::Reconnecting { .. } | Event::Recovered { .. } => self.afresh = true,
            Event::Failed {
                elapsed, attempt, ..
            } => {
                self.elapsed = elapsed;
                // Zero: what was lost had lasted, though there was no outage before it.
                if self.afresh || attempt == 0 {
                    self.rest = self.policy.into_iter();
                    self.afresh = false;
                }
            }
            Event::Waiting { delay, .. } => self.expect(delay),
            Event::Connecting { .. } => self.wait_ends(now),
            _ => {}
        }

        let mut seen = self.monitor.seen();
        match event {
            Event::Connecting { .. } => seen.attempts += 1,
            Event::OutageBegan { .. } => seen.outages += 1,
            Event::Connected { .. } => seen.connected = Some(now),
            Event::Stopped { .. } => (seen.connected, seen.stopped) = (None, true),
            Event::Failed { .. } | Event::Reconnecting { .. } => seen.connected = None,
            _ => {}
        }
        seen.events.push((now, describe(event)));
    }
}

/// The event without what differs from run to run: the moments on the machine's own clock.
fn describe(event: &Event<'_>) -> String {
    match event {
        Event::Recovered { outage } => {
            format!(
                "recovered after {:?} and {} attempts",
                outage.length, outage.attempts
            )
        }
        Event::OutageBegan { .. } => "outage began".to_owned(),
        Event::Waiting { delay, attempt, .. } => format!("waiting {delay:?} after {attempt}"),
        Event::Stopped { .. } => "stopped".to_owned(),
        event => format!("{event:?}"),
    }
}
