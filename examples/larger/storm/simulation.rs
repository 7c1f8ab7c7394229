//! The clients and the server, some seconds at a time.
//!
//! Clients do not meet but at the server, and there only in one way: of the attempts of one second it takes the first
//! `capacity`. So there is no need for a queue of all events. When a client attempts depends on no other client, but
//! for the end: each draws its attempts of some seconds at once, while its state is at hand, and then the server goes
//! through these seconds and leaves out what was drawn for clients that it had taken. What comes out is the same as
//! from a queue, a test says, at a tenth of the time.

use std::time::Duration;

const SECOND: u64 = 1_000_000_000;
/// 136 years.
const NEVER: u64 = SECOND << 32;
/// Attempts are counted in slots of 10 ms.
const SLOT: u64 = SECOND / 100;

/// What the clients lose, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Storm {
    pub(crate) clients: u32,
    /// Whole seconds that the server is away.
    pub(crate) down: u32,
    /// Connects that it takes in each second from then on.
    pub(crate) capacity: u32,
    /// Seconds after its return at which the simulation ends.
    pub(crate) horizon: u32,
    /// The least time between two attempts of a client, whatever its policy says, as in the reconnect loop.
    pub(crate) at_least: Duration,
}

impl Storm {
    /// How long the server takes if no attempt is wasted: the best that any policy can reach.
    pub(crate) fn ideal(&self) -> f64 {
        f64::from(self.clients) / f64::from(self.capacity)
    }

    /// The second since the loss at which the simulation ends.
    fn end(&self) -> u32 {
        self.down.saturating_add(self.horizon)
    }
}

/// How the clients came back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    /// Attempts in each 10 ms since the loss.
    slots: Vec<u32>,
    /// Clients that came back in each second since the return.
    pub(crate) back: Vec<u32>,
    down: u32,
    /// When half, 99 of 100 and all were back, since the return.
    pub(crate) half: Option<Duration>,
    pub(crate) most: Option<Duration>,
    pub(crate) all: Option<Duration>,
}

impl Outcome {
    fn new(storm: &Storm) -> Self {
        Self {
            slots: vec![0; storm.end() as usize * 100],
            back: Vec::new(),
            down: storm.down,
            half: None,
            most: None,
            all: None,
        }
    }

    /// Attempts in each second since the loss.
    pub(crate) fn seconds(&self) -> impl Iterator<Item = u32> {
        self.slots.chunks(100).map(|slots| slots.iter().sum())
    }

    pub(crate) fn attempts(&self) -> u64 {
        self.slots.iter().copied().map(u64::from).sum()
    }

    pub(crate) fn first_second(&self) -> u32 {
        self.seconds().next().unwrap_or(0)
    }

    /// The most attempts in one second from the return on.
    pub(crate) fn peak(&self) -> u32 {
        self.seconds().skip(self.down as usize).max().unwrap_or(0)
    }

    /// The most attempts in 10 ms from the return on.
    pub(crate) fn burst(&self) -> u32 {
        let after = self.slots.iter().skip(self.down as usize * 100);
        after.copied().max().unwrap_or(0)
    }
}

/// How many seconds each client draws ahead. The more, the more is drawn in vain for those who are taken meanwhile; the
/// fewer, the more often each client's state is fetched. An [`Attempt`] can tell no more of them apart.
const WINDOW: u32 = 4;
const WINDOW_NANOS: u64 = WINDOW as u64 * SECOND;

/// An attempt: nanoseconds since a window or a second began, and then the client, so that they sort as they happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Attempt(u64);

impl Attempt {
    fn new(since: u64, client: u32) -> Self {
        Self((since << 32) | u64::from(client))
    }

    fn since(self) -> u64 {
        self.0 >> 32
    }

    fn slot(self) -> usize {
        (self.since() / SLOT) as usize
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the lower half is the client"
    )]
    fn client(self) -> u32 {
        self.0 as u32
    }
}

/// The next attempt of each client that waits, by window since the return of the server.
struct Waiting {
    returns: u64,
    windows: Vec<Vec<Attempt>>,
}

impl Waiting {
    /// Notes an attempt at `at`, unless all is over by then.
    fn add(&mut self, at: u64, client: u32) {
        let since = at - self.returns;
        let window = usize::try_from(since / WINDOW_NANOS).ok();
        if let Some(window) = window.and_then(|window| self.windows.get_mut(window)) {
            window.push(Attempt::new(since % WINDOW_NANOS, client));
        }
    }
}

/// The clients that are back.
struct Back {
    bits: Vec<u64>,
    count: u32,
}

impl Back {
    fn contains(&self, client: u32) -> bool {
        self.bits[client as usize / 64] >> (client % 64) & 1 == 1
    }

    fn insert(&mut self, client: u32) {
        self.bits[client as usize / 64] |= 1 << (client % 64);
        self.count += 1;
    }
}

/// What clients drew for one second, whether or not they are back by then.
#[derive(Default)]
struct Second {
    /// The first attempt of each: some of these the server takes.
    first: Vec<Attempt>,
    /// All others, none of which it takes: when it refused the first, it was full.
    again: Vec<Attempt>,
}

impl Second {
    /// Counts the attempts that are really made, and adds those that the server takes to `taken`, in any order.
    fn sort_out(
        &mut self,
        capacity: usize,
        slots: &mut [u32],
        back: &mut Back,
        taken: &mut Vec<Attempt>,
    ) {
        for attempt in &self.first {
            slots[attempt.slot()] += u32::from(!back.contains(attempt.client()));
        }
        // The slots up to the one that has the first refusal hold all that needs to be put in order.
        let mut sum = 0;
        let full = slots.iter().position(|count| {
            sum += *count as usize;
            sum > capacity
        });
        let until = full.map_or(SECOND, |full| (full as u64 + 1) * SLOT);
        let first = self.first.drain(..);
        let early = first.filter(|attempt| attempt.since() < until);
        taken.extend(early.filter(|attempt| !back.contains(attempt.client())));
        if full.is_some() {
            taken.select_nth_unstable(capacity);
            taken.truncate(capacity);
        }
        for attempt in taken {
            back.insert(attempt.client());
        }
        for attempt in self.again.drain(..) {
            slots[attempt.slot()] += u32::from(!back.contains(attempt.client()));
        }
    }
}

/// When the attempt after one at `at` is; long after the end of all if there is none.
fn next(delays: &mut impl Iterator<Item = Duration>, at: u64, at_least: u64) -> u64 {
    at + delays.next().map_or(NEVER, nanos).max(at_least)
}

/// The nanoseconds of `delay`, or of 136 years if it is longer: no sum of that and a simulated time overflows.
fn nanos(delay: Duration) -> u64 {
    delay.as_secs().min(NEVER / SECOND) * SECOND + u64::from(delay.subsec_nanos())
}

/// Lets every client lose the server at time zero and come back with the delays that `policy` gives it.
pub(crate) fn simulate<I: Iterator<Item = Duration>>(
    storm: &Storm,
    policy: impl Fn(u64) -> I,
) -> Outcome {
    let end = storm.end();
    let at_least = nanos(storm.at_least);
    let mut outcome = Outcome::new(storm);
    let mut waiting = Waiting {
        returns: u64::from(storm.down) * SECOND,
        windows: vec![Vec::new(); storm.horizon.div_ceil(WINDOW) as usize],
    };
    let mut clients = Vec::with_capacity(storm.clients as usize);
    for number in 0..storm.clients {
        let mut delays = policy(number.into());
        // The loss is not an attempt: nothing is to be kept away from it.
        let mut at = next(&mut delays, 0, 0);
        while at < waiting.returns {
            outcome.slots[(at / SLOT) as usize] += 1;
            at = next(&mut delays, at, at_least);
        }
        waiting.add(at, number);
        clients.push(delays);
    }

    let mut seconds: [Second; WINDOW as usize] = Default::default();
    let mut back = Back {
        bits: vec![0; clients.len().div_ceil(64)],
        count: 0,
    };
    let mut taken = Vec::new();
    for (window, begins) in (storm.down..end).step_by(WINDOW as usize).enumerate() {
        let began = u64::from(begins) * SECOND;
        for attempt in std::mem::take(&mut waiting.windows[window]) {
            let client = attempt.client();
            if back.contains(client) {
                continue;
            }
            let delays = &mut clients[client as usize];
            let mut since = attempt.since();
            let mut before = None;
            while since < WINDOW_NANOS {
                let number = (since / SECOND) as usize;
                let Second { first, again } = &mut seconds[number];
                let list = if before == Some(number) { again } else { first };
                list.push(Attempt::new(since % SECOND, client));
                before = Some(number);
                since = next(delays, since, at_least);
            }
            waiting.add(began + since, client);
        }
        for (second, drawn) in (begins..end).zip(&mut seconds) {
            let slots = &mut outcome.slots[second as usize * 100..][..100];
            let before = back.count;
            taken.clear();
            drawn.sort_out(storm.capacity as usize, slots, &mut back, &mut taken);
            outcome.milestones(storm, second, before, &mut taken);
            outcome.back.push(back.count - before);
            if back.count == storm.clients {
                outcome.slots.truncate((second as usize + 1) * 100);
                return outcome;
            }
        }
    }
    outcome
}

/// The same as [`simulate`] where all clients draw the same `delays`: they attempt as one, and each second takes some
/// of them away.
pub(crate) fn simulate_alike(storm: &Storm, mut delays: impl Iterator<Item = Duration>) -> Outcome {
    let at_least = nanos(storm.at_least);
    let mut outcome = Outcome::new(storm);
    let mut at = next(&mut delays, 0, 0);
    let mut back = 0;
    for second in 0..storm.end() {
        let mut free = if second < storm.down {
            0
        } else {
            storm.capacity
        };
        let mut taken = Vec::new();
        let began = u64::from(second) * SECOND;
        while at < began + SECOND {
            let left = storm.clients - back;
            outcome.slots[(at / SLOT) as usize] += left;
            let now = left.min(free);
            taken.extend((back..back + now).map(|client| Attempt::new(at - began, client)));
            back += now;
            free -= now;
            at = next(&mut delays, at, at_least);
        }
        if second >= storm.down {
            let number = u32::try_from(taken.len()).unwrap_or(u32::MAX);
            outcome.milestones(storm, second, back - number, &mut taken);
            outcome.back.push(number);
        }
        if back == storm.clients {
            outcome.slots.truncate((second as usize + 1) * 100);
            break;
        }
    }
    outcome
}

impl Outcome {
    /// Notes which milestones the clients that the server has `taken` in one `second` reach after those `back` before.
    fn milestones(&mut self, storm: &Storm, second: u32, back: u32, taken: &mut [Attempt]) {
        let most = u64::from(storm.clients) * 99 / 100;
        let milestones = [
            (storm.clients / 2, &mut self.half),
            (u32::try_from(most).unwrap_or(u32::MAX), &mut self.most),
            (storm.clients.saturating_sub(1), &mut self.all),
        ];
        let began = Duration::from_secs(u64::from(second - storm.down));
        for (milestone, reached) in milestones {
            let place = milestone.checked_sub(back).map(|place| place as usize);
            if let Some(place) = place.filter(|place| *place < taken.len()) {
                let (_, attempt, _) = taken.select_nth_unstable(place);
                *reached = Some(began + Duration::from_nanos(attempt.since()));
            }
        }
    }
}
