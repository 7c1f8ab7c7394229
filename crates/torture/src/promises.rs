use std::sync::{Mutex, PoisonError};

/// The numbers that the server was told and promised to pass on, and those that each listener saw.
#[derive(Debug)]
pub(crate) struct Promises {
    promised: Mutex<Vec<u64>>,
    seen: Vec<Mutex<Vec<u64>>>,
}

/// What became of the promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) promised: usize,
    /// The least that a listener saw.
    pub(crate) seen: usize,
    /// What is wrong, in words, for the first listener for whom something is.
    pub(crate) fault: Option<String>,
}

impl Promises {
    pub(crate) fn to(listeners: usize) -> Self {
        Self {
            promised: Mutex::default(),
            seen: (0..listeners).map(|_| Mutex::default()).collect(),
        }
    }

    pub(crate) fn listeners(&self) -> usize {
        self.seen.len()
    }

    pub(crate) fn promise(&self, number: u64) {
        lock(&self.promised).push(number);
    }

    pub(crate) fn see(&self, listener: usize, number: u64) {
        lock(&self.seen[listener]).push(number);
    }

    /// Whether each listener has seen the last number that was promised.
    pub(crate) fn caught_up(&self) -> bool {
        let last = lock(&self.promised).last().copied();
        self.seen
            .iter()
            .all(|seen| lock(seen).last().copied() >= last)
    }

    /// Whether each listener saw all that was promised, nothing twice, and all of it in order.
    pub(crate) fn kept(&self) -> Kept {
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
        Kept {
            promised: promised.len(),
            seen: self.seen.iter().map(|it| lock(it).len()).min().unwrap_or(0),
            fault,
        }
    }
}

fn lock(numbers: &Mutex<Vec<u64>>) -> std::sync::MutexGuard<'_, Vec<u64>> {
    numbers.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(told: &[u64], seen: [&[u64]; 2]) -> Kept {
        let promises = Promises::to(2);
        for &number in told {
            promises.promise(number);
        }
        for (listener, numbers) in seen.into_iter().enumerate() {
            for &number in numbers {
                promises.see(listener, number);
            }
        }
        promises.kept()
    }

    #[test]
    fn more_may_be_seen_than_was_promised() {
        let expected = Kept {
            promised: 2,
            seen: 2,
            fault: None,
        };
        assert_eq!(kept(&[1, 4], [&[1, 2, 4, 5], &[1, 4]]), expected);
    }

    #[test]
    fn what_one_listener_missed_is_found() {
        let fault = kept(&[1, 2, 3], [&[1, 2, 3], &[1]]).fault.unwrap();
        assert_eq!(fault, "listener 2 missed 2, the first of them 2");
    }

    #[test]
    fn what_is_seen_twice_or_out_of_order_is_found() {
        let fault = kept(&[1], [&[1, 1], &[1]]).fault.unwrap();
        assert_eq!(fault, "listener 1 saw 1 after 1");
        let fault = kept(&[1], [&[1], &[2, 1]]).fault.unwrap();
        assert_eq!(fault, "listener 2 saw 1 after 2");
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
}
