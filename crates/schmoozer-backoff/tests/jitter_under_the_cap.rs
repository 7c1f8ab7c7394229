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

/// Draws 2,000 delays: all are in the window, and some within a hundredth of either end.
#[track_caller]
fn assert_window(jitter: Jitter, delay: u64, lowest: f64, highest: f64) {
    let policy = Constant::new(Duration::from_secs(delay))
        .cap(CAP)
        .jitter(jitter)
        .seeded(7)
        .max_retries(2_000);
    let mut delays: Vec<f64> = policy
        .into_iter()
        .map(|delay| delay.as_secs_f64())
        .collect();
    delays.sort_by(f64::total_cmp);
    let near = (highest - lowest) / 100.0;
    assert!(
        (lowest..lowest + near).contains(&delays[0]),
        "lowest {}",
        delays[0]
    );
    assert!(
        (highest - near..=highest).contains(&delays[1999]),
        "highest {}",
        delays[1999]
    );
}

#[test]
fn each_jitter_fills_its_window_under_the_cap() {
    assert_window(Jitter::Full, 4, 0.0, 4.0);
    assert_window(Jitter::Full, 60, 0.0, 10.0);
    assert_window(Jitter::Equal, 4, 2.0, 4.0);
    assert_window(Jitter::Equal, 60, 5.0, 10.0);
    assert_window(Jitter::Proportional(0.5), 4, 2.0, 6.0);
    assert_window(Jitter::Proportional(0.5), 8, 4.0, 10.0);
    assert_window(Jitter::Proportional(0.5), 60, 5.0, 10.0);
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
