use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use schmoozer_backoff::{Constant, Exponential, Jitter, Policy, Rounds};

use crate::contestants::{Contestant, literature, ours, peers};
use crate::simulate_all;
use crate::simulation::{Outcome, Storm, simulate, simulate_alike};

const STORM: Storm = Storm {
    clients: 10_000,
    down: 60,
    capacity: 100,
    horizon: 3_600,
    at_least: Duration::ZERO,
};

/// What a queue of all events says: attempts in each second since the loss, and when each client was back.
fn queue<I: Iterator<Item = Duration>>(
    storm: &Storm,
    policy: impl Fn(u64) -> I,
) -> (Vec<u32>, Vec<Duration>) {
    let mut clients: Vec<I> = (0..storm.clients.into()).map(policy).collect();
    let mut queue = BinaryHeap::new();
    for (number, delays) in clients.iter_mut().enumerate() {
        queue.extend(delays.next().map(|delay| Reverse((delay, number))));
    }
    let end = storm.down + storm.horizon;
    let mut attempts = vec![0; end as usize];
    let mut taken = vec![0; end as usize];
    let mut back = Vec::new();
    while let Some(Reverse((now, number))) = queue.pop() {
        let second = usize::try_from(now.as_secs()).unwrap_or(usize::MAX);
        if second >= attempts.len() {
            continue;
        }
        attempts[second] += 1;
        if second >= storm.down as usize && taken[second] < storm.capacity {
            taken[second] += 1;
            back.extend(now.checked_sub(Duration::from_secs(storm.down.into())));
        } else if let Some(delay) = clients[number].next() {
            queue.push(Reverse((now + delay.max(storm.at_least), number)));
        }
    }
    (attempts, back)
}

fn assert_same<I: Iterator<Item = Duration>>(storm: &Storm, policy: impl Fn(u64) -> I) {
    let outcome = simulate(storm, &policy);
    let (mut attempts, back) = queue(storm, policy);
    let seconds: Vec<u32> = outcome.seconds().collect();
    assert!(attempts.drain(seconds.len()..).all(|left| left == 0));
    assert_eq!(seconds, attempts);
    let clients = storm.clients as usize;
    let reached = [clients / 2, clients * 99 / 100, clients - 1].map(|n| back.get(n).copied());
    assert_eq!([outcome.half, outcome.most, outcome.all], reached);
}

#[test]
fn it_is_the_same_as_with_a_queue_of_all_events() {
    let storm = Storm {
        clients: 2_000,
        down: 7,
        capacity: 33,
        horizon: 100,
        at_least: Duration::from_millis(10),
    };
    assert_same(&storm, |seed| {
        Exponential::default().seeded(seed).into_iter()
    });
    assert_same(&storm, |seed| Exponential::grpc().seeded(seed).into_iter());
    assert_same(&storm, |_| {
        Exponential::default().jitter(Jitter::None).into_iter()
    });
    assert_same(&storm, |seed| {
        Rounds::for_fleet(2_000, 33).seeded(seed).into_iter()
    });
    let seldom = Constant::new(Duration::from_secs(40)).jitter(Jitter::Full);
    assert_same(&storm, |seed| {
        seldom.max_retries(4).seeded(seed).into_iter()
    });
    assert_same(&Storm { down: 0, ..storm }, |seed| {
        seldom.seeded(seed).into_iter()
    });
}

/// Clients draw ahead, and what they drew is left out once they are back; also where the simulation ends in between.
#[test]
fn it_is_the_same_where_clients_attempt_many_times_a_second() {
    let often = Constant::new(Duration::from_millis(300)).jitter(Jitter::Full);
    for capacity in [7, 150, 5_000] {
        for horizon in 1..=9 {
            let storm = Storm {
                clients: 500,
                down: 3,
                capacity,
                horizon,
                at_least: Duration::from_millis(10),
            };
            assert_same(&storm, |seed| often.seeded(seed).into_iter());
            assert_same(&storm, |seed| {
                let longer = Constant::new(Duration::from_secs(9)).jitter(Jitter::Full);
                let policy = often.max_retries(20).seeded(seed).then(longer.seeded(seed));
                policy.into_iter()
            });
        }
    }
}

#[test]
fn clients_that_are_alike_come_back_as_if_each_were_simulated() {
    fn assert_alike<I: Iterator<Item = Duration>>(storm: &Storm, policy: impl Fn() -> I) {
        assert_eq!(
            simulate_alike(storm, policy()),
            simulate(storm, |_| policy())
        );
    }
    for capacity in [33, 500, 5_000] {
        for (down, horizon) in [(0, 2), (0, 90), (7, 90)] {
            let storm = Storm {
                clients: 500,
                down,
                capacity,
                horizon,
                at_least: Duration::from_millis(10),
            };
            let default = Exponential::default().jitter(Jitter::None);
            assert_alike(&storm, || default.into_iter());
            assert_alike(&storm, || default.max_retries(10).into_iter());
            assert_alike(&storm, || std::iter::repeat(Duration::ZERO));
            assert_alike(&storm, || std::iter::repeat(Duration::MAX));
            assert_alike(&storm, std::iter::empty);
        }
    }
}

/// 100 attempts of each burst are taken, and a burst comes every ten seconds, from the return on.
#[test]
fn without_jitter_it_is_the_sum_of_its_bursts() {
    let outcome = simulate(&STORM, |_| std::iter::repeat(Duration::from_secs(10)));
    assert_eq!(outcome.half, Some(Duration::from_secs(10 * 50)));
    assert_eq!(outcome.most, Some(Duration::from_secs(10 * 99)));
    assert_eq!(outcome.all, Some(Duration::from_secs(10 * 99)));
    let while_down = 5 * 10_000;
    let from_then_on = (1..=100).map(|bursts| bursts * 100).sum::<u64>();
    assert_eq!(outcome.attempts(), while_down + from_then_on);
    assert_eq!((outcome.peak(), outcome.burst()), (10_000, 10_000));
    assert_eq!(outcome.first_second(), 0);
}

/// The figures in the documentation of `Exponential::default`, from `tests/storm.rs` of `schmoozer-backoff`.
#[test]
fn it_agrees_with_what_the_policies_say_of_themselves() {
    let figures = |outcome: &Outcome| {
        let most = outcome.most.map(|most| most.as_secs());
        (most, outcome.peak(), outcome.attempts() / 10_000)
    };
    let default = |seed| Exponential::default().seeded(seed);
    let outcome = simulate(&STORM, |seed| default(seed).into_iter());
    assert_eq!(figures(&outcome), (Some(99), 19_756, 222));
    let outcome = simulate(&STORM, |seed| {
        default(seed).cap(Duration::from_secs(60)).into_iter()
    });
    assert_eq!(figures(&outcome), (Some(119), 373, 12));
    let outcome = simulate(&STORM, |seed| {
        Rounds::for_fleet(10_000, 100).seeded(seed).into_iter()
    });
    assert_eq!(figures(&outcome), (Some(113), 284, 3));
}

#[test]
fn who_gives_up_does_not_come_back() {
    let outcome = simulate(&STORM, |_| [Duration::from_secs(30)].into_iter());
    assert_eq!(outcome.attempts(), 10_000);
    assert_eq!((outcome.half, outcome.all), (None, None));
}

#[test]
fn no_client_tries_more_often_than_the_loop_lets_it() {
    let storm = Storm {
        clients: 1,
        down: 1,
        at_least: Duration::from_millis(10),
        capacity: 1,
        ..STORM
    };
    let outcome = simulate(&storm, |_| std::iter::repeat(Duration::ZERO));
    // At 0, 10, … 990 ms, and when the server is back.
    assert_eq!(outcome.attempts(), 101);
    assert_eq!(outcome.all, Some(Duration::ZERO));
}

#[test]
fn a_seed_decides_on_everything() {
    let storm = Storm {
        clients: 1_000,
        capacity: 10,
        horizon: 200,
        ..STORM
    };
    for contestant in ours(&storm).into_iter().chain(peers()).chain(literature()) {
        let outcome = contestant.simulate(&storm, 5);
        assert_eq!(
            outcome,
            contestant.simulate(&storm, 5),
            "{}",
            contestant.name
        );
        let spreads = outcome.burst() < 500;
        let other = contestant.simulate(&storm, 1_000_000);
        assert_eq!(outcome != other, spreads, "{}", contestant.name);
    }
}

#[test]
fn no_client_of_one_seed_is_one_of_another() {
    let seen = Arc::<Mutex<HashSet<u64>>>::default();
    let noted = Arc::clone(&seen);
    let contestant = Contestant::new("", move |seed| {
        noted.lock().unwrap().insert(seed);
        std::iter::empty()
    });
    contestant.simulate(&STORM, 0);
    contestant.simulate(&STORM, 1);
    assert_eq!(seen.lock().unwrap().len(), 20_000);
}

#[test]
fn as_many_threads_as_there_are_find_the_same() {
    let storm = Storm {
        clients: 1_000,
        capacity: 10,
        horizon: 200,
        ..STORM
    };
    let groups = [ours(&storm), peers(), literature()];
    let contestants: Vec<_> = groups.iter().flatten().collect();
    let each = contestants.iter().map(|one| one.simulate(&storm, 5));
    let alone: Vec<Outcome> = each.collect();
    for threads in [1, 2, 32] {
        assert!(
            simulate_all(&storm, &contestants, 5, threads) == alone,
            "{threads}"
        );
    }
}

#[test]
fn a_million_clients_in_rounds_are_ahead_on_all_three_figures() {
    let storm = Storm {
        clients: 1_000_000,
        capacity: 10_000,
        at_least: Duration::from_millis(10),
        horizon: 200,
        ..STORM
    };
    for down in [5, 60] {
        let storm = Storm { down, ..storm };
        let rounds = |seed| Rounds::for_fleet(1_000_000, 10_000).seeded(seed);
        let outcome = simulate(&storm, |seed| rounds(seed).into_iter());
        assert!(outcome.most <= Some(Duration::from_secs(115)), "{down} s");
        assert!(outcome.peak() <= 27_000, "{down} s");
        assert!(outcome.first_second() <= 27_000, "{down} s");
        assert!(outcome.attempts() <= 12_000_000, "{down} s");
    }
}
