//! The one-line equivalents that the documentation of `schmoozer-backoff` gives to users of other crates have the same
//! delays, jitter apart.

use std::time::{Duration, SystemTime};

use schmoozer_backoff::{Constant, Exponential, Fibonacci, Jitter, Policy};

const SECOND: Duration = Duration::from_secs(1);
const HALF: Duration = Duration::from_millis(500);

fn delays<P: Policy>(policy: P) -> Vec<Duration> {
    policy.into_iter().take(20).collect()
}

#[track_caller]
fn assert_same(ours: impl Policy, theirs: impl Iterator<Item = Duration>) {
    assert_eq!(delays(ours), theirs.take(20).collect::<Vec<_>>());
}

#[test]
fn backon() {
    use backon::{BackoffBuilder, ExponentialBuilder};
    let ours = Exponential::new(SECOND).cap(60 * SECOND);
    let theirs = ExponentialBuilder::default();
    assert_same(ours.max_retries(3), theirs.build());
    assert_same(ours.max_retries(20), theirs.with_max_times(20).build());
}

#[test]
fn backoff() {
    use backoff::backoff::Backoff as _;
    let ours = Exponential::new(HALF).factor(1.5).cap(60 * SECOND);
    let mut theirs = backoff::ExponentialBackoff {
        randomization_factor: 0.0,
        ..backoff::ExponentialBackoff::default()
    };
    for ours in delays(ours) {
        let theirs = theirs.next_backoff().unwrap_or_default();
        // They cut to the nanosecond below, we round to the nearest, once a step.
        let apart = ours.abs_diff(theirs);
        assert!(apart < Duration::from_nanos(100), "{ours:?}, {theirs:?}");
    }
}

#[test]
fn tokio_retry() {
    use tokio_retry::strategy::{ExponentialBackoff, FibonacciBackoff, FixedInterval};
    let theirs = ExponentialBackoff::from_millis(2).factor(1000);
    assert_same(Exponential::new(2 * SECOND).max_retries(3), theirs.take(3));
    let ten = Duration::from_millis(10);
    assert_same(Fibonacci::new(ten), FibonacciBackoff::from_millis(10));
    assert_same(Constant::new(ten), FixedInterval::from_millis(10));
}

#[test]
fn tokio_retry2() {
    use tokio_retry2::strategy::ExponentialFactorBackoff;
    let theirs = ExponentialFactorBackoff::from_millis(500, 2.0);
    assert_same(Exponential::new(HALF), theirs);
}

#[test]
fn exponential_backoff() {
    let (initial, cap) = (SECOND / 10, 10 * SECOND);
    let mut theirs = exponential_backoff::Backoff::new(8, initial, cap);
    theirs.set_jitter(0.0);
    let ours = Exponential::new(initial).cap(cap).max_retries(7);
    assert_same(ours, theirs.iter().flatten());
}

#[test]
fn retry_policies() {
    use retry_policies::policies::ExponentialBackoff;
    use retry_policies::{Jitter as TheirJitter, RetryDecision, RetryPolicy as _};
    let ours = Exponential::new(SECOND).cap(1_800 * SECOND).max_retries(3);
    assert_eq!(ours, ours.jitter(Jitter::None));
    let theirs = ExponentialBackoff::builder().jitter(TheirJitter::None);
    let theirs = theirs.build_with_max_retries(3);
    #[expect(
        clippy::disallowed_methods,
        reason = "their delays count from the system's clock"
    )]
    let start = SystemTime::now();
    for (n, ours) in (0..).zip(delays(ours)) {
        let RetryDecision::Retry { execute_after } = theirs.should_retry(start, n) else {
            panic!("gave up at {n}")
        };
        let delay = execute_after.duration_since(start).unwrap_or_default();
        assert!(delay.abs_diff(ours) < HALF, "{n}: {delay:?}, {ours:?}");
    }
    let decision = theirs.should_retry(start, 3);
    assert!(matches!(decision, RetryDecision::DoNotRetry));
}
