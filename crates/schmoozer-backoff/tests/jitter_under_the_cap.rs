//! Jitter holds at the cap: it neither vanishes there nor passes it, whatever the order of the two.

use std::collections::BTreeSet;
use std::time::Duration;

use schmoozer_backoff::{Constant, Exponential, Jitter, Policy};

const CAP: Duration = Duration::from_secs(10);

/// The 31st delays of eight sequences, all different and none above the cap.
#[track_caller]
fn assert_eight_disperse_at_the_cap<P: Policy>(policy: &P) {
    let delays: BTreeSet<Duration> = (0..8)
        .filter_map(|_| policy.clone().into_iter().nth(30))
        .collect();
    assert_eq!(delays.len(), 8, "{delays:?}");
    assert!(delays.iter().all(|delay| *delay <= CAP), "{delays:?}");
}

#[test]
fn eight_clients_at_the_cap_disperse_in_either_order() {
    for jitter in [Jitter::Full, Jitter::Equal, Jitter::Proportional(0.1)] {
        let policy = Exponential::new(Duration::from_millis(50));
        assert_eight_disperse_at_the_cap(&policy.jitter(jitter).cap(CAP));
        assert_eight_disperse_at_the_cap(&policy.cap(CAP).jitter(jitter));
        let hours = std::iter::repeat(Duration::from_secs(3600));
        assert_eight_disperse_at_the_cap(&hours.clone().jitter(jitter).cap(CAP));
        assert_eight_disperse_at_the_cap(&hours.cap(CAP).jitter(jitter));
    }
}

#[track_caller]
fn assert_range(jitter: Jitter, delay: Duration, lowest: Duration, highest: Duration) {
    let policy = Constant::new(delay)
        .cap(CAP)
        .jitter(jitter)
        .seeded(7)
        .max_retries(2_000);
    let mut delays: Vec<Duration> = policy.into_iter().collect();
    delays.sort();
    let slack = (highest - lowest) / 100;
    assert!(
        delays[0] >= lowest && delays[0] <= lowest + slack,
        "lowest {:?}",
        delays[0]
    );
    assert!(
        delays[1999] <= highest && delays[1999] >= highest - slack,
        "highest {:?}",
        delays[1999]
    );
}

#[test]
fn each_jitter_fills_its_window_under_the_cap() {
    let seconds = Duration::from_secs;
    assert_range(Jitter::Full, seconds(4), Duration::ZERO, seconds(4));
    assert_range(Jitter::Full, seconds(60), Duration::ZERO, seconds(10));
    assert_range(Jitter::Equal, seconds(4), seconds(2), seconds(4));
    assert_range(Jitter::Equal, seconds(60), seconds(5), seconds(10));
    assert_range(
        Jitter::Proportional(0.5),
        seconds(4),
        seconds(2),
        seconds(6),
    );
    assert_range(
        Jitter::Proportional(0.5),
        seconds(8),
        seconds(4),
        seconds(10),
    );
    assert_range(
        Jitter::Proportional(0.5),
        seconds(60),
        seconds(5),
        seconds(10),
    );
}

#[test]
fn without_jitter_the_cap_is_exact() {
    let policy = Exponential::new(Duration::from_secs(3)).cap(CAP);
    let delays: Vec<u64> = policy
        .into_iter()
        .map(|delay| delay.as_secs())
        .take(4)
        .collect();
    assert_eq!(delays, [3, 6, 10, 10]);
}
