//! The delays of each policy, one by one.

use std::time::Duration;

use schmoozer_backoff::{
    Constant, Decorrelated, Exponential, Fibonacci, Jitter, Linear, Policy, Rounds, Sequence,
};

fn millis<P: Policy>(policy: &P) -> Vec<u128> {
    policy
        .clone()
        .into_iter()
        .take(7)
        .map(|delay| delay.as_millis())
        .collect()
}

const SECOND: Duration = Duration::from_secs(1);
const CAP: Duration = Duration::from_millis(4_500);

#[test]
fn constant_repeats_its_delay() {
    assert_eq!(millis(&Constant::new(SECOND)), [1_000; 7]);
    assert_eq!(
        millis(&Constant::new(SECOND).cap(Duration::from_millis(10))),
        [10; 7]
    );
}

#[test]
fn linear_adds_its_step() {
    assert_eq!(
        millis(&Linear::new(SECOND)),
        [1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000]
    );
    let policy = Linear::new(SECOND)
        .step(Duration::from_millis(1_500))
        .cap(CAP);
    assert_eq!(
        millis(&policy),
        [1_000, 2_500, 4_000, 4_500, 4_500, 4_500, 4_500]
    );
    assert_eq!(
        millis(&Linear::new(Duration::ZERO).step(SECOND))[..3],
        [0, 1_000, 2_000]
    );
}

#[test]
fn exponential_multiplies_by_its_factor() {
    assert_eq!(
        millis(&Exponential::new(SECOND))[..4],
        [1_000, 2_000, 4_000, 8_000]
    );
    let policy = Exponential::new(SECOND).factor(1.5).cap(CAP);
    assert_eq!(
        millis(&policy),
        [1_000, 1_500, 2_250, 3_375, 4_500, 4_500, 4_500]
    );
    assert_eq!(millis(&Exponential::new(SECOND).factor(1.0)), [1_000; 7]);
    assert_eq!(millis(&Exponential::new(Duration::ZERO)), [0; 7]);
}

#[test]
fn fibonacci_adds_the_two_before() {
    assert_eq!(
        millis(&Fibonacci::new(SECOND)),
        [1_000, 1_000, 2_000, 3_000, 5_000, 8_000, 13_000]
    );
    assert_eq!(
        millis(&Fibonacci::new(SECOND).cap(CAP))[3..],
        [3_000, 4_500, 4_500, 4_500]
    );
}

#[test]
fn decorrelated_draws_up_to_three_times_the_last_delay() {
    for _ in 0..100 {
        let mut last = SECOND;
        for delay in Decorrelated::new(SECOND).cap(CAP).into_iter().take(20) {
            assert!(
                delay >= SECOND && delay <= (3 * last).min(CAP),
                "{last:?}, then {delay:?}"
            );
            last = delay;
        }
    }
}

#[test]
fn decorrelated_does_not_park_clients_on_the_cap() {
    let at_the_cap = Decorrelated::new(SECOND)
        .cap(CAP)
        .into_iter()
        .take(1_000)
        .filter(|delay| *delay == CAP);
    assert_eq!(at_the_cap.count(), 0);
    assert_eq!(
        millis(&Decorrelated::new(SECOND).cap(Duration::from_millis(5))),
        [5; 7]
    );
}

#[test]
fn decorrelated_is_seeded_like_any_other() {
    let policy = Decorrelated::new(SECOND);
    assert_eq!(millis(&policy.seeded(3)), millis(&policy.seeded(3)));
    assert_ne!(millis(&policy.seeded(3)), millis(&policy.seeded(4)));
    assert_ne!(millis(&policy), millis(&policy));
}

/// How many of `times` lie in each of `count` stretches of `length`, from zero on.
fn spread(times: impl IntoIterator<Item = Duration>, length: Duration, count: usize) -> Vec<u32> {
    let mut stretches = vec![0; count];
    for time in times {
        let stretch = usize::try_from(time.as_nanos() / length.as_nanos()).unwrap_or(usize::MAX);
        if let Some(stretch) = stretches.get_mut(stretch) {
            *stretch += 1;
        }
    }
    stretches
}

#[test]
fn clients_in_rounds_attempt_at_an_even_rate_from_the_first_moment_on() {
    let attempts = (0..10_000).flat_map(|seed| {
        let delays = Rounds::new(SECOND).seeded(seed).into_iter();
        delays.take(9).scan(Duration::ZERO, |at, delay| {
            *at += delay;
            Some(*at)
        })
    });
    for (tenth, attempts) in spread(attempts, SECOND / 10, 40).into_iter().enumerate() {
        assert!(
            (850..1_150).contains(&attempts),
            "tenth {tenth}: {attempts}"
        );
    }
}

/// A server that crashes while its clients are back for too short a time to begin a new sequence is such a moment.
#[test]
fn clients_that_fail_at_one_moment_draw_new_places_whatever_they_drew_before() {
    for number in 0..6 {
        let next =
            (0..10_000).filter_map(|seed| Rounds::new(SECOND).seeded(seed).into_iter().nth(number));
        let spread = spread(next, SECOND / 100, 200);
        assert_eq!(spread.iter().sum::<u32>(), 10_000, "delay {number}");
        let most = spread.into_iter().max();
        assert!(most < Some(150), "delay {number}: {most:?} in 10 ms");
    }
}

#[test]
fn attempts_are_a_round_apart_on_average_and_never_two() {
    let sixth = SECOND / 6;
    let mut sum = Duration::ZERO;
    for seed in 0..1_000 {
        let mut at = Duration::ZERO;
        let delays = Rounds::new(SECOND).seeded(seed).into_iter();
        for (number, delay) in (0_u32..50).zip(delays) {
            at += delay;
            assert!(delay <= 11 * sixth + sixth / 1_000, "{delay:?}");
            // A round of a client begins five to seven sixths after the one before.
            assert!(
                at < (number + 2) * SECOND + number * sixth
                    && at + SECOND + number * sixth >= number * SECOND,
                "{at:?}"
            );
        }
        sum += at;
    }
    // The first of fifty attempts is half a round away.
    let mean = (sum / 1_000).as_secs_f64();
    assert!((mean - 49.5).abs() < 0.1, "{mean}");
}

#[test]
fn a_cap_on_rounds_is_a_shorter_round() {
    let policy = Rounds::new(60 * SECOND).cap(11 * SECOND);
    for seed in 0..100 {
        assert_eq!(
            millis(&policy.seeded(seed)),
            millis(&Rounds::new(6 * SECOND).seeded(seed))
        );
    }
}

#[test]
fn rounds_for_a_fleet_are_what_its_server_takes_over_two_point_six() {
    let fleet = |clients, capacity| Rounds::for_fleet(clients, capacity);
    assert_eq!(fleet(260_000, 1_000), Rounds::new(100 * SECOND));
    let millionth = Duration::from_nanos(38_461_538_461);
    assert_eq!(fleet(1_000_000, 10_000), Rounds::new(millionth));
    assert_eq!(fleet(0, 1), Rounds::new(Duration::ZERO));
    let longest = fleet(u64::MAX, 1);
    assert_eq!(
        longest
            .into_iter()
            .take(9)
            .filter(Duration::is_zero)
            .count(),
        0
    );
}

#[test]
#[should_panic(expected = "takes no fleet")]
fn a_server_that_accepts_no_client_is_refused() {
    let _ = Rounds::for_fleet(1, 0);
}

#[test]
fn sequence_repeats_its_last_delay_or_ends() {
    const LIST: &[Duration] = &[Duration::from_millis(5), Duration::from_millis(3)];
    const POLICY: Sequence<&[Duration]> = Sequence::new(LIST);
    assert_eq!(millis(&POLICY), [5, 3, 3, 3, 3, 3, 3]);
    assert_eq!(millis(&POLICY.once()), [5, 3]);
    assert_eq!(
        millis(&POLICY.cap(Duration::from_millis(4))),
        [4, 3, 3, 3, 3, 3, 3]
    );
    assert_eq!(millis(&Sequence::new([])), [0_u128; 0]);
    assert_eq!(millis(&Sequence::new([]).once()), [0_u128; 0]);
}

#[test]
fn then_goes_on_where_a_policy_gives_up() {
    let policy = Exponential::new(SECOND)
        .max_retries(2)
        .then(Constant::new(CAP).max_retries(2));
    assert_eq!(millis(&policy), [1_000, 2_000, 4_500, 4_500]);
    assert_eq!(millis(&policy.max_retries(3)), [1_000, 2_000, 4_500]);
    let twice = policy.then(policy).cap(Duration::from_secs(2));
    assert_eq!(
        millis(&twice),
        [1_000, 2_000, 2_000, 2_000, 1_000, 2_000, 2_000]
    );
}

#[test]
fn then_keeps_the_jitter_of_each_part_and_takes_one_for_the_whole() {
    let quick = Constant::new(SECOND).jitter(Jitter::Equal).max_retries(1);
    let slow = Constant::new(10 * SECOND)
        .jitter(Jitter::Proportional(0.1))
        .max_retries(1);
    for _ in 0..100 {
        let delays = millis(&quick.then(slow));
        assert!(
            (500..=1_000).contains(&delays[0]) && (9_000..=11_000).contains(&delays[1]),
            "{delays:?}"
        );
    }
    let whole = Constant::new(SECOND)
        .max_retries(1)
        .then(Constant::new(10 * SECOND));
    let whole = whole.cap(CAP).jitter(Jitter::Full);
    let mut at_the_cap: Vec<_> = (0..8).filter_map(|_| whole.into_iter().nth(5)).collect();
    at_the_cap.sort();
    at_the_cap.dedup();
    assert_eq!(at_the_cap.len(), 8);
    assert!(at_the_cap[7] <= CAP);
}
