//! The clients and the server, second by second.
//!
//! Clients do not meet but at the server, and there only in one way: of the attempts of one second it takes the first
//! `capacity`. So there is no need for a queue of all events. While the server is away each client goes its way alone;
//! after that each second sorts out its first `capacity` attempts, and the others go their way up to the next second.
//! What comes out is the same as from a queue, a test says, at a tenth of the time.

use std::time::Duration;

const SECOND: u64 = 1_000_000_000;
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

    fn count(&mut self, at: u64) {
        if let Some(slot) = slot(at).and_then(|slot| self.slots.get_mut(slot)) {
            *slot += 1;
        }
    }
}

fn slot(at: u64) -> Option<usize> {
    usize::try_from(at / SLOT).ok()
}

/// A client that waits, with its next attempt in nanoseconds since the loss.
struct Client<I> {
    delays: I,
    at: u64,
}

impl<I: Iterator<Item = Duration>> Client<I> {
    /// Waits once more; says whether there is a next attempt.
    fn wait(&mut self, at_least: u64) -> bool {
        let delay = self.delays.next();
        let nanos = delay.map(|delay| u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX));
        self.at = self.at.saturating_add(nanos.unwrap_or(0).max(at_least));
        delay.is_some()
    }
}

/// Lets every client lose the server at time zero and come back with the delays that `policy` gives it.
pub(crate) fn simulate<I: Iterator<Item = Duration>>(
    storm: &Storm,
    policy: impl Fn(u64) -> I,
) -> Outcome {
    let end = storm.down.saturating_add(storm.horizon);
    let at_least = u64::try_from(storm.at_least.as_nanos()).unwrap_or(u64::MAX);
    let mut outcome = Outcome {
        slots: vec![0; end as usize * 100],
        back: Vec::new(),
        down: storm.down,
        half: None,
        most: None,
        all: None,
    };
    let mut waiting: Vec<Vec<(u64, u32)>> = (0..end).map(|_| Vec::new()).collect();
    let mut clients = Vec::with_capacity(storm.clients as usize);
    for number in 0..storm.clients {
        let delays = policy(number.into());
        let mut client = Client { delays, at: 0 };
        // The loss is not an attempt: nothing is to be kept away from it.
        let mut goes_on = client.wait(0);
        while goes_on && client.at < u64::from(storm.down) * SECOND {
            outcome.count(client.at);
            goes_on = client.wait(at_least);
        }
        if goes_on {
            queue(&mut waiting, client.at, number);
        }
        clients.push(client);
    }

    let mut back = 0;
    let mut taken = Vec::new();
    for second in storm.down..end {
        let attempts = std::mem::take(&mut waiting[second as usize]);
        let refused_from = first(&attempts, storm.capacity as usize, &mut taken);
        outcome.milestones(storm, back, &mut taken);
        let number = u32::try_from(taken.len()).unwrap_or(u32::MAX);
        outcome.back.push(number);
        back += number;

        let next_second = u64::from(second + 1) * SECOND;
        for attempt in attempts {
            outcome.count(attempt.0);
            if refused_from.is_none_or(|refused| attempt < refused) {
                continue;
            }
            let client = &mut clients[attempt.1 as usize];
            let mut goes_on = client.wait(at_least);
            while goes_on && client.at < next_second {
                outcome.count(client.at);
                goes_on = client.wait(at_least);
            }
            if goes_on {
                queue(&mut waiting, client.at, attempt.1);
            }
        }
        if back == storm.clients {
            outcome.slots.truncate((second as usize + 1) * 100);
            break;
        }
    }
    outcome
}

/// Gathers the first `capacity` of the `attempts` of one second, and returns the next one.
fn first(
    attempts: &[(u64, u32)],
    capacity: usize,
    taken: &mut Vec<(u64, u32)>,
) -> Option<(u64, u32)> {
    taken.clear();
    if attempts.len() <= capacity {
        taken.extend_from_slice(attempts);
        return None;
    }
    // The slots up to the one that has the first refusal hold all that needs to be put in order.
    let mut slots = [0; 100];
    let slot = |at: u64| (at % SECOND / SLOT) as usize;
    for (at, _) in attempts {
        slots[slot(*at)] += 1;
    }
    let mut sum = 0;
    let full = slots.iter().position(|count| {
        sum += count;
        sum > capacity
    });
    let full = full.unwrap_or(slots.len());
    taken.extend(attempts.iter().filter(|(at, _)| slot(*at) <= full));
    let (_, refused, _) = taken.select_nth_unstable(capacity);
    let refused = *refused;
    taken.truncate(capacity);
    Some(refused)
}

fn queue(waiting: &mut [Vec<(u64, u32)>], at: u64, client: u32) {
    let second = usize::try_from(at / SECOND).ok();
    if let Some(second) = second.and_then(|second| waiting.get_mut(second)) {
        second.push((at, client));
    }
}

impl Outcome {
    /// Notes which milestones the clients of this second, `taken`, reach after the `back` before them.
    fn milestones(&mut self, storm: &Storm, back: u32, taken: &mut [(u64, u32)]) {
        let milestones = [
            (storm.clients / 2, &mut self.half),
            (
                u32::try_from(u64::from(storm.clients) * 99 / 100).unwrap_or(u32::MAX),
                &mut self.most,
            ),
            (storm.clients.saturating_sub(1), &mut self.all),
        ];
        for (milestone, reached) in milestones {
            let place = milestone.checked_sub(back).map(|place| place as usize);
            if let Some(place) = place.filter(|place| *place < taken.len()) {
                let (_, (at, _), _) = taken.select_nth_unstable(place);
                *reached = Some(Duration::from_nanos(*at - u64::from(storm.down) * SECOND));
            }
        }
    }
}
