use fastrand::Rng;

/// How many servers there are.
pub(crate) const HOSTS: usize = 8;

/// What a server does to those who come, and to those who are there when it begins to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// Accepts, and sends a byte now and then.
    Answer,
    /// Does not listen.
    Refuse,
    /// Accepts, and closes at once.
    Close,
    /// Accepts, and resets at once.
    Reset,
    /// Lets nobody in and says no, to nobody: a black hole. Who is there hears no more.
    Hole,
}

impl Service {
    pub(crate) const ALL: [Self; 5] = [
        Self::Answer,
        Self::Refuse,
        Self::Close,
        Self::Reset,
        Self::Hole,
    ];
}

/// What the servers do, turn by turn, as a seed has it.
#[derive(Debug)]
pub(crate) struct Turns {
    rng: Rng,
    turn: u32,
}

impl Turns {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            turn: 0,
        }
    }

    /// Every tenth turn, and the first, nobody is there at all, and the next all are.
    pub(crate) fn next(&mut self) -> [Service; HOSTS] {
        let turn = self.turn;
        self.turn = turn.wrapping_add(1);
        match turn % 10 {
            0 => [Service::Refuse; HOSTS],
            1 => [Service::Answer; HOSTS],
            _ => std::array::from_fn(|_| {
                if self.rng.bool() {
                    Service::Answer
                } else {
                    Service::ALL[self.rng.usize(1..Service::ALL.len())]
                }
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twenty(seed: u64) -> Vec<Service> {
        let mut turns = Turns::new(seed);
        (0..20).flat_map(|_| turns.next()).collect()
    }

    #[test]
    fn a_seed_has_its_turns_and_each_service_its_share() {
        let seen = twenty(1);
        assert_eq!(seen, twenty(1));
        assert_ne!(seen, twenty(2));
        assert!(Service::ALL.iter().all(|service| seen.contains(service)));
    }
}
