//! What happens to the clients and to the server.

use std::iter;
use std::ops::Range;
use std::time::Duration;

use fastrand::Rng;

/// What the clients lose, for how long, and how they get it back.
///
/// An attempt that the server does not take is refused. A refusal costs the server nothing.
#[derive(Debug, Clone)]
pub struct Storm {
    /// How many clients there are. All are connected, and stable, when the first outage begins.
    pub clients: u32,
    /// Connects that the server takes in each second that it is there, the first ones of that second.
    pub capacity: u32,
    /// When the server is away, in seconds: each crash cuts off all clients that are connected. The first is at 0.
    pub outages: Vec<Range<u32>>,
    /// Seconds after the last return at which the simulation ends.
    pub horizon: u32,
    /// When the clients make their first attempt.
    pub start: Start,
    /// How long an attempt takes that is refused.
    pub refusal: Duration,
    /// What the reconnect loop adds to a policy.
    pub rules: Rules,
}

/// When each client makes its first attempt.
#[derive(Debug, Clone, Copy)]
pub enum Start {
    /// When its policy says so: the connection failed.
    Policy,
    /// At a time that is drawn for it: the connection ended as planned, or the server said when to come back.
    At(fn(&mut Rng) -> Duration),
    /// The same, but all clients share a pacer that lets this many attempts a second through.
    Paced(u32, fn(&mut Rng) -> Duration),
}

/// The settings of the reconnect loop that matter to a fleet.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// The least time between the starts of two attempts.
    pub min_interval: Duration,
    /// How long a connection must last to end an outage, so that the next failure begins a new sequence of delays.
    pub stable_after: Duration,
    /// The latest time in an outage for an attempt to begin. A delay that no longer fits ends the retries.
    pub give_up_after: Option<Duration>,
    /// Whether delays count from the start of what failed.
    pub from_start: bool,
}

impl Rules {
    /// Those that the loop has by default.
    pub const DEFAULT: Self = Self {
        min_interval: Duration::from_millis(10),
        stable_after: Duration::from_secs(10),
        give_up_after: None,
        from_start: false,
    };
}

impl Storm {
    /// One crash, after which the server is away for `down` seconds.
    #[must_use]
    pub fn new(clients: u32, capacity: u32, down: u32) -> Self {
        Self {
            clients,
            capacity,
            outages: iter::once(0..down).collect(),
            horizon: 3_600,
            start: Start::Policy,
            refusal: Duration::ZERO,
            rules: Rules::DEFAULT,
        }
    }

    /// Crashes again `after` seconds after the last return, and is away for `down` seconds.
    #[must_use]
    pub fn again(mut self, after: u32, down: u32) -> Self {
        let crash = self.outages.last().map_or(0, |outage| outage.end) + after;
        self.outages.push(crash..crash + down);
        self
    }

    /// Seconds that the server takes if no attempt is wasted: the best that any policy can reach.
    #[must_use]
    pub fn ideal(&self) -> f64 {
        f64::from(self.clients) / f64::from(self.capacity)
    }

    /// The second at which the simulation ends.
    pub(crate) fn end(&self) -> u32 {
        let returned = self.outages.last().map_or(0, |outage| outage.end);
        returned.saturating_add(self.horizon)
    }
}
