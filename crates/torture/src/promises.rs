use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::verdict::Verdict;

/// The numbers that the server was told and promised to pass on, and those that each listener saw.
#[derive(Debug)]
pub(crate) struct Promises {
    told: AtomicU64,
    promised: Mutex<Vec<u64>>,
    seen: Vec<Mutex<Vec<u64>>>,
}

impl Promises {
    pub(crate) fn to(listeners: usize) -> Self {
        Self {
            told: AtomicU64::default(),
            promised: Mutex::default(),
            seen: (0..listeners).map(|_| Mutex::default()).collect(),
        }
    }

    pub(crate) fn listeners(&self) -> usize {
        self.seen.len()
    }

    /// The next number to tell the server, from 1.
    pub(crate) fn next(&self) -> u64 {
        self.told.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn promise(&self, number: u64) {
        lock(&self.promised).push(number);
    }

    pub(crate) fn see(&self, listener: usize, number: u64) {
        lock(&self.seen[listener]).push(number);
    }

    /// A number that may come once more, and those after it then too.
    pub(crate) fn see_again(&self, listener: usize, number: u64) {
        let mut seen = lock(&self.seen[listener]);
        if seen.last() < Some(&number) {
            seen.push(number);
        }
    }

    /// Whether each listener has seen the last number that was promised.
    pub(crate) fn caught_up(&self) -> bool {
        let last = lock(&self.promised).last().copied();
        self.seen
            .iter()
            .all(|seen| lock(seen).last().copied() >= last)
    }

    /// Each listener saw all that was promised, nothing twice, and all of it in order.
    pub(crate) fn verdict(&self) -> Verdict {
        let promised = lock(&self.promised);
        let fault = (1..).zip(&self.seen).find_map(|(listener, seen)| {
            let seen = lock(seen);
            let unordered = seen.windows(2).find(|pair| pair[0] >= pair[1]);
            if let Some(pair) = unordered {
                let [before, after] = [pair[0], pair[1]];
                return Some(format!("listener {listener} saw {after} after {before}"));
            }
            let missed = |number: &&u64| seen.binary_search(number).is_err();
            let first = promised.iter().find(missed)?;
            let count = promised.iter().filter(missed).count();
            Some(format!(
                "listener {listener} missed {count}, the first of them {first}"
            ))
        });
        let seen = self.seen.iter().map(|it| lock(it).len()).min().unwrap_or(0);
        let count = promised.len();
        let mut numbers = format!("{count} promised, each listener saw {seen} or more");
        let holds = fault.is_none() && count > 0;
        if let Some(fault) = fault {
            numbers = format!("{numbers}; {fault}");
        }
        Verdict::new("passed on", holds, numbers)
    }
}

fn lock(numbers: &Mutex<Vec<u64>>) -> std::sync::MutexGuard<'_, Vec<u64>> {
    numbers.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(told: &[u64], seen: [&[u64]; 2]) -> String {
        let promises = Promises::to(2);
        for &number in told {
            promises.promise(number);
        }
        for (listener, numbers) in seen.into_iter().enumerate() {
            for &number in numbers {
                promises.see(listener, number);
            }
        }
        promises.verdict().to_string()
    }

    #[test]
    fn what_was_promised_must_be_seen_once_and_in_order_and_more_may_be() {
        let (all, none): (&[u64], &[u64]) = (&[1, 2, 3], &[]);
        for (told, seen, expected) in [
            (
                &[1, 4][..],
                [&[1, 2, 4, 5][..], &[1, 4]],
                "ok      2 promised, each listener saw 2 or more",
            ),
            (
                none,
                [all; 2],
                "FAILED  0 promised, each listener saw 3 or more",
            ),
            (
                all,
                [all, &[1]],
                "FAILED  3 promised, each listener saw 1 or more; listener 2 missed 2, the first of them 2",
            ),
            (
                &[1],
                [&[1, 1], &[1]],
                "FAILED  1 promised, each listener saw 1 or more; listener 1 saw 1 after 1",
            ),
            (
                &[1],
                [&[1], &[2, 1]],
                "FAILED  1 promised, each listener saw 1 or more; listener 2 saw 1 after 2",
            ),
        ] {
            assert_eq!(verdict(told, seen), format!("passed on    {expected}"));
        }
    }

    #[test]
    fn listeners_have_caught_up_when_each_saw_the_last() {
        let promises = Promises::to(2);
        assert!(promises.caught_up());
        promises.promise(7);
        promises.see(0, 7);
        assert!(!promises.caught_up());
        promises.see(1, 8);
        assert!(promises.caught_up());
    }

    #[test]
    fn what_comes_again_is_seen_once() {
        let promises = Promises::to(1);
        for number in [1, 2, 1, 2, 3] {
            promises.promise(number);
            promises.see_again(0, number);
        }
        assert!(promises.verdict().holds);
    }
}
