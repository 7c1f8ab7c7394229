//! The one-line equivalents that the documentation of `schmoozer-backoff` gives to users of other crates have the same
//! delays, jitter apart.

use std::time::{Duration, SystemTime};

use schmoozer_backoff::{Constant, Exponential, Fibonacci, Jitter, Policy};

fn delays<P: Policy>(policy: P) -> Vec<Duration> {
    policy.into_iter().take(20).collect()
}

#[test]
fn backon() {
    use backon::{BackoffBuilder, ExponentialBuilder};
    let ours = Exponential::new(Duration::from_secs(1))
        .cap(Duration::from_secs(60))
        .max_retries(3);
    assert_eq!(
        delays(ours),
        ExponentialBuilder::default().build().collect::<Vec<_>>()
    );
    let theirs = ExponentialBuilder::default().with_max_times(20);
    assert_eq!(
        delays(ours.max_retries(20)),
        theirs.build().collect::<Vec<_>>()
    );
}

#[test]
fn backoff() {
    use backoff::ExponentialBackoff;
    use backoff::backoff::Backoff as _;
    let ours = Exponential::new(Duration::from_millis(500))
        .factor(1.5)
        .cap(Duration::from_secs(60));
    let mut theirs = ExponentialBackoff {
        randomization_factor: 0.0,
        ..ExponentialBackoff::default()
    };
    for ours in delays(ours) {
        let theirs = theirs.next_backoff().unwrap_or_default();
        // They cut to the nanosecond below, we round to the nearest, once a step.
        assert!(
            ours.abs_diff(theirs) < Duration::from_nanos(100),
            "{ours:?}, {theirs:?}"
        );
    }
}

#[test]
fn tokio_retry() {
    use tokio_retry::strategy::{ExponentialBackoff, FibonacciBackoff, FixedInterval};
    let ours = Exponential::new(Duration::from_secs(2)).max_retries(3);
    assert_eq!(
        delays(ours),
        ExponentialBackoff::from_millis(2)
            .factor(1000)
            .take(3)
            .collect::<Vec<_>>()
    );
    let ours = Fibonacci::new(Duration::from_millis(10));
    assert_eq!(
        delays(ours),
        FibonacciBackoff::from_millis(10)
            .take(20)
            .collect::<Vec<_>>()
    );
    let ours = Constant::new(Duration::from_millis(10));
    assert_eq!(
        delays(ours),
        FixedInterval::from_millis(10).take(20).collect::<Vec<_>>()
    );
}

#[test]
fn tokio_retry2() {
    use tokio_retry2::strategy::ExponentialFactorBackoff;
    let ours = Exponential::new(Duration::from_millis(500));
    let theirs = ExponentialFactorBackoff::from_millis(500, 2.0);
    assert_eq!(delays(ours), theirs.take(20).collect::<Vec<_>>());
}

#[test]
fn exponential_backoff() {
    let ours = Exponential::new(Duration::from_millis(100))
        .cap(Duration::from_secs(10))
        .max_retries(7);
    let mut theirs =
        exponential_backoff::Backoff::new(8, Duration::from_millis(100), Duration::from_secs(10));
    theirs.set_jitter(0.0);
    assert_eq!(delays(ours), theirs.iter().flatten().collect::<Vec<_>>());
}

#[test]
fn retry_policies() {
    use retry_policies::policies::ExponentialBackoff;
    use retry_policies::{Jitter as TheirJitter, RetryDecision, RetryPolicy as _};
    let ours = Exponential::new(Duration::from_secs(1))
        .cap(Duration::from_secs(1_800))
        .max_retries(3);
    assert_eq!(ours, ours.jitter(Jitter::None));
    let theirs = ExponentialBackoff::builder()
        .jitter(TheirJitter::None)
        .build_with_max_retries(3);
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
        assert!(
            delay.abs_diff(ours) < Duration::from_millis(500),
            "{n}: {delay:?}, ours {ours:?}"
        );
    }
    assert!(matches!(
        theirs.should_retry(start, 3),
        RetryDecision::DoNotRetry
    ));
}
