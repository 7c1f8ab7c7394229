//! The simulation is what it says, and the same as one with a queue of all events.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use schmoozer_backoff::{Constant, Exponential, Jitter, Rounds};
use storm::{Contestant, Rules, Storm, ours, peers, simulate};

const RUDE: Rules = Rules {
    min_interval: Duration::ZERO,
    ..Rules::DEFAULT
};

fn storm() -> Storm {
    Storm {
        rules: RUDE,
        ..Storm::new(10_000, 100, 60)
    }
}

/// What a queue of all events says: attempts in each second since the first crash, and when the clients were back after
/// the last.
fn queue<I: Iterator<Item = Duration>>(
    storm: &Storm,
    policy: impl Fn(u64) -> I,
) -> (Vec<u32>, Vec<Duration>) {
    let rules = storm.rules;
    let mut clients: Vec<I> = (0..storm.clients.into()).map(&policy).collect();
    let mut connected: Vec<Option<Duration>> = vec![Some(Duration::ZERO); clients.len()];
    let mut queue = BinaryHeap::new();
    let mut attempts = Vec::new();
    let mut back = Vec::new();
    for (crash, away) in storm.outages.iter().enumerate() {
        let (down, up) = (
            Duration::from_secs(away.start.into()),
            Duration::from_secs(away.end.into()),
        );
        let next = storm.outages.get(crash + 1);
        let until = next.map_or(away.end + storm.horizon, |next| next.start);
        back.clear();
        let mut taken = vec![0; until as usize];
        attempts.resize(until as usize, 0);
        for (number, delays) in clients.iter_mut().enumerate() {
            let Some(since) = connected[number].take() else {
                continue;
            };
            let lasted = if crash == 0 {
                Duration::MAX
            } else {
                down.saturating_sub(since)
            };
            if crash > 0 && lasted >= rules.stable_after {
                *delays = policy(number as u64 | (crash as u64) << 32);
            }
            let floor = rules.min_interval.saturating_sub(lasted);
            let delay = delays.next().map(|delay| delay.max(floor));
            queue.extend(delay.map(|delay| Reverse((down + delay, number))));
        }
        while let Some(&Reverse((now, number))) = queue.peek() {
            let second = usize::try_from(now.as_secs()).unwrap_or(usize::MAX);
            if second >= until as usize {
                break;
            }
            queue.pop();
            attempts[second] += 1;
            if now >= up && taken[second] < storm.capacity {
                taken[second] += 1;
                connected[number] = Some(now);
                back.extend(now.checked_sub(up));
            } else if let Some(delay) = clients[number].next() {
                queue.push(Reverse((now + delay.max(rules.min_interval), number)));
            }
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
    if let [phase] = &outcome.phases[..] {
        let clients = storm.clients as usize;
        let places = [clients.div_ceil(2), (clients * 99).div_ceil(100), clients];
        let reached = places.map(|n| back.get(n - 1).copied());
        assert_eq!([phase.half, phase.most, phase.all], reached);
    }
}

#[test]
fn it_is_the_same_as_with_a_queue_of_all_events() {
    let once = Storm {
        horizon: 100,
        ..Storm::new(2_000, 33, 7)
    };
    for storm in [
        once.clone(),
        once.clone().again(15, 3),
        once.again(4, 0).again(11, 20),
    ] {
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
        assert_same(&storm, |_| std::iter::repeat(Duration::ZERO));
        assert_same(&storm, |_| std::iter::repeat(Duration::MAX));
        assert_same(&storm, |_| std::iter::empty());
    }
    assert_same(&Storm::new(2_000, 33, 0), |seed| {
        Exponential::grpc().seeded(seed).into_iter()
    });
}

/// 100 attempts of each burst are taken, and a burst comes every ten seconds, from the return on.
#[test]
fn without_jitter_it_is_the_sum_of_its_bursts() {
    let outcome = simulate(&storm(), |_| std::iter::repeat(Duration::from_secs(10)));
    let phase = &outcome.phases[0];
    assert_eq!(phase.half, Some(Duration::from_secs(10 * 49)));
    assert_eq!(phase.most, Some(Duration::from_secs(10 * 98)));
    assert_eq!(phase.all, Some(Duration::from_secs(10 * 99)));
    let while_down = 5 * 10_000;
    let from_then_on = (1..=100).map(|bursts| bursts * 100).sum::<u64>();
    assert_eq!(outcome.attempts(), while_down + from_then_on);
    assert_eq!(outcome.attempts_in(0), outcome.attempts());
    let busiest = [outcome.peak(0), outcome.burst(0), outcome.lockstep(0)];
    assert_eq!(busiest, [10_000; 3]);
    assert_eq!(outcome.first_second(0), 0);
}

#[test]
fn who_gives_up_does_not_come_back() {
    let outcome = simulate(&storm(), |_| [Duration::from_secs(30)].into_iter());
    assert_eq!(outcome.attempts(), 10_000);
    assert_eq!(
        (outcome.phases[0].half, outcome.phases[0].all),
        (None, None)
    );
}

#[test]
fn a_delay_that_no_longer_fits_ends_the_retries() {
    let rules = Rules {
        give_up_after: Some(Duration::from_secs(50)),
        ..RUDE
    };
    let storm = Storm { rules, ..storm() };
    let outcome = simulate(&storm, |_| std::iter::repeat(Duration::from_secs(20)));
    assert_eq!(outcome.attempts(), 20_000);
    let last: Vec<(usize, u32)> = outcome
        .last
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, last)| *last > 0)
        .collect();
    assert_eq!(last, [(40_000, 10_000)]);
}

#[test]
fn a_refusal_takes_its_time_unless_delays_count_from_the_start() {
    for (from_start, attempts) in [(false, [20, 50]), (true, [0, 20])] {
        let storm = Storm {
            refusal: Duration::from_secs(10),
            rules: Rules { from_start, ..RUDE },
            ..storm()
        };
        let outcome = simulate(&storm, |_| [20, 20].map(Duration::from_secs).into_iter());
        let seconds: Vec<usize> = (0..)
            .zip(outcome.seconds())
            .filter(|(_, attempts)| *attempts > 0)
            .map(|(second, _)| second)
            .collect();
        // A connection that lasted for longer than its delay is dialed again at once.
        assert_eq!(seconds, attempts);
    }
}

#[test]
fn no_client_tries_more_often_than_the_loop_lets_it() {
    let outcome = simulate(&Storm::new(1, 1, 1), |_| std::iter::repeat(Duration::ZERO));
    // At 0, 10, … 990 ms, and when the server is back.
    assert_eq!(outcome.attempts(), 101);
    assert_eq!(outcome.phases[0].all, Some(Duration::ZERO));
}

#[test]
fn a_seed_decides_on_everything() {
    let storm = Storm {
        horizon: 200,
        ..Storm::new(1_000, 10, 60)
    };
    for contestant in ours(&storm).into_iter().chain(peers()) {
        let outcome = contestant.simulate(&storm, 5);
        assert_eq!(
            outcome,
            contestant.simulate(&storm, 5),
            "{}",
            contestant.name
        );
        let spreads = outcome.burst(0) < 500;
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
    let _ = contestant.simulate(&storm(), 0);
    let _ = contestant.simulate(&storm(), 1);
    assert_eq!(seen.lock().unwrap().len(), 20_000);
}
