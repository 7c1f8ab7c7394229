//! What each connector is doing, written by the connectors and read by whoever shows it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use schmoozer_core::{Event, Observer};

/// What a connector is doing, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Connected,
    Connecting,
    /// Waits for the pacer.
    Queued,
    /// Waits for its delay to be over.
    Waiting,
}

impl State {
    pub(crate) const ALL: [Self; 4] = [
        Self::Connected,
        Self::Connecting,
        Self::Queued,
        Self::Waiting,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Connecting => "connecting",
            Self::Queued => "queued",
            Self::Waiting => "waiting",
        }
    }
}

/// One connector at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Glimpse {
    pub(crate) state: State,
    /// Failed attempts since the last connection.
    pub(crate) failures: u32,
    /// How long it has been in this state.
    pub(crate) since: Duration,
}

/// A place for each connector. Nobody waits for anybody: a glimpse may be torn, and the next one is not.
#[derive(Debug)]
pub(crate) struct Census {
    start: Instant,
    places: Vec<Place>,
    attempts: AtomicU64,
}

#[derive(Debug)]
struct Place {
    state: AtomicU32,
    failures: AtomicU32,
    /// Milliseconds from the start to the last change.
    changed: AtomicU32,
}

impl Census {
    pub(crate) fn new(connectors: u32) -> Self {
        let place = |_| Place {
            state: AtomicU32::new(State::Connecting as u32),
            failures: AtomicU32::new(0),
            changed: AtomicU32::new(0),
        };
        Self {
            start: Instant::now(),
            places: (0..connectors).map(place).collect(),
            attempts: AtomicU64::new(0),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Dials since the start, of all connectors together.
    pub(crate) fn attempts(&self) -> u64 {
        self.attempts.load(Ordering::Relaxed)
    }

    pub(crate) fn note_attempt(&self, number: usize) {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        self.note(number, State::Connecting);
    }

    pub(crate) fn note(&self, number: usize, state: State) {
        let place = &self.places[number];
        if place.state.swap(state as u32, Ordering::Relaxed) != state as u32 {
            place.changed.store(self.now(), Ordering::Relaxed);
        }
    }

    /// Keeps the place of one connector up to date with what happens to it.
    pub(crate) fn observer(census: &Arc<Self>, number: usize) -> impl Observer + use<> {
        let census = Arc::clone(census);
        move |event: &Event<'_>| {
            let failures = &census.places[number].failures;
            match event {
                Event::Connected { .. } => {
                    failures.store(0, Ordering::Relaxed);
                    census.note(number, State::Connected);
                }
                Event::Failed { uptime: None, .. } => {
                    failures.fetch_add(1, Ordering::Relaxed);
                }
                Event::Waiting { .. } => census.note(number, State::Waiting),
                // The connector says itself whether it dials or is queued by the pacer.
                _ => {}
            }
        }
    }

    pub(crate) fn glimpses(&self) -> Vec<Glimpse> {
        let now = self.now();
        let glimpse = |place: &Place| {
            let state = place.state.load(Ordering::Relaxed);
            let changed = place.changed.load(Ordering::Relaxed);
            Glimpse {
                state: State::ALL[state as usize],
                failures: place.failures.load(Ordering::Relaxed),
                since: Duration::from_millis(now.saturating_sub(changed).into()),
            }
        };
        self.places.iter().map(glimpse).collect()
    }

    /// 49 days are enough for a demonstration.
    fn now(&self) -> u32 {
        u32::try_from(self.start.elapsed().as_millis()).unwrap_or(u32::MAX)
    }
}

/// How many of `glimpses` are in each state, in the order of [`State::ALL`].
pub(crate) fn counts(glimpses: &[Glimpse]) -> [usize; 4] {
    let mut counts = [0; 4];
    for glimpse in glimpses {
        counts[glimpse.state as usize] += 1;
    }
    counts
}
