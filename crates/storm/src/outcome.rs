//! How the clients came back.

use std::ops::Range;
use std::time::Duration;

use crate::Storm;

/// Attempts are counted in slots of 1 ms.
pub(crate) const SLOTS: usize = 1_000;

/// All attempts, and when the clients were back.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Attempts in each millisecond since the first crash.
    pub slots: Vec<u32>,
    /// Those of them after which a client gave up.
    pub last: Vec<u32>,
    /// Clients that came back in each second since the first crash.
    pub back: Vec<u32>,
    /// What followed on each crash, until the next.
    pub phases: Vec<Phase>,
}

/// What followed on one crash.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Phase {
    /// The seconds in which the server was away.
    pub away: Range<u32>,
    /// How long after the return half of the clients were back; `None` if they were not before the next crash.
    pub half: Option<Duration>,
    /// The same for 99 of 100.
    pub most: Option<Duration>,
    /// The same for all.
    pub all: Option<Duration>,
}

impl Phase {
    pub(crate) const fn new(away: Range<u32>) -> Self {
        Self {
            away,
            half: None,
            most: None,
            all: None,
        }
    }

    /// What is noted when, after so many clients are back.
    pub(crate) fn milestones(&mut self, clients: u32) -> [(u32, &mut Option<Duration>); 3] {
        let most = (u64::from(clients) * 99).div_ceil(100);
        [
            (clients.div_ceil(2), &mut self.half),
            (u32::try_from(most).unwrap_or(clients), &mut self.most),
            (clients, &mut self.all),
        ]
    }
}

impl Outcome {
    pub(crate) fn new(storm: &Storm) -> Self {
        let slots = vec![0; storm.end() as usize * SLOTS];
        Self {
            last: match storm.rules.give_up_after {
                Some(_) => slots.clone(),
                None => Vec::new(),
            },
            slots,
            back: Vec::new(),
            phases: Vec::new(),
        }
    }

    /// All attempts.
    #[must_use]
    pub fn attempts(&self) -> u64 {
        self.slots.iter().copied().map(u64::from).sum()
    }

    /// Attempts in each second since the first crash.
    pub fn seconds(&self) -> impl Iterator<Item = u32> {
        self.slots.chunks(SLOTS).map(|slots| slots.iter().sum())
    }

    /// Attempts in the second after crash `number`.
    #[must_use]
    pub fn first_second(&self, number: usize) -> u32 {
        self.since_crash(number).iter().take(SLOTS).sum()
    }

    /// The most attempts in one second from return `number` on, until the next crash.
    #[must_use]
    pub fn peak(&self, number: usize) -> u32 {
        self.busiest(number, SLOTS)
    }

    /// The most attempts in 10 ms from return `number` on, until the next crash.
    #[must_use]
    pub fn burst(&self, number: usize) -> u32 {
        self.busiest(number, 10)
    }

    /// The most attempts in one millisecond from crash `number` on, until the next.
    #[must_use]
    pub fn lockstep(&self, number: usize) -> u32 {
        self.since_crash(number).iter().copied().max().unwrap_or(0)
    }

    /// Attempts from crash `number` on, until the next.
    #[must_use]
    pub fn attempts_in(&self, number: usize) -> u64 {
        let slots = self.since_crash(number);
        slots.iter().copied().map(u64::from).sum()
    }

    fn busiest(&self, number: usize, slots: usize) -> u32 {
        let away = self.phases.get(number).map_or(0, |phase| phase.away.len());
        let since_return = self.since_crash(number).get(away * SLOTS..);
        let sums = since_return.unwrap_or(&[]).chunks(slots);
        sums.map(|slots| slots.iter().sum()).max().unwrap_or(0)
    }

    fn since_crash(&self, number: usize) -> &[u32] {
        let begins = |phase: &Phase| (phase.away.start as usize * SLOTS).min(self.slots.len());
        let end = self.slots.len();
        let from = self.phases.get(number).map_or(end, begins);
        let until = self.phases.get(number + 1).map_or(end, begins);
        &self.slots[from..until]
    }
}
