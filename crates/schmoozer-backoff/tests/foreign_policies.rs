//! Iterators of durations from other crates are policies.

use std::collections::BTreeSet;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use schmoozer_backoff::{Jitter, Policy, Sequence, from_fn};
use tokio_retry::strategy::{ExponentialBackoff, FibonacciBackoff};

fn millis<P: Policy>(policy: &P) -> Vec<u128> {
    policy
        .clone()
        .into_iter()
        .take(6)
        .map(|delay| delay.as_millis())
        .collect()
}

#[test]
fn a_tokio_retry_strategy_is_a_policy() {
    let strategy = ExponentialBackoff::from_millis(10);
    assert_eq!(
        millis(&strategy),
        [10, 100, 1_000, 10_000, 100_000, 1_000_000]
    );
    let capped = strategy.cap(Duration::from_millis(500)).max_retries(4);
    assert_eq!(millis(&capped), [10, 100, 500, 500]);
    let total = FibonacciBackoff::from_millis(10)
        .max_total(Duration::from_millis(120))
        .first_immediate();
    assert_eq!(millis(&total), [0, 10, 10, 20, 30, 50]);
}

#[test]
fn a_built_backon_strategy_is_a_policy() {
    let built = from_fn(|| ExponentialBuilder::default().with_max_times(4).build());
    assert_eq!(millis(&built), [1_000, 2_000, 4_000, 8_000]);
    let capped = built.cap(Duration::from_secs(3)).max_retries(3);
    assert_eq!(millis(&capped), [1_000, 2_000, 3_000]);
    let seconds = built.max_retries(1).then([Duration::from_millis(7)]);
    assert_eq!(millis(&seconds), [1_000, 7]);
}

#[test]
fn others_strategies_disperse_at_a_cap_of_ours() {
    let cap = Duration::from_secs(10);
    let at_the_cap = |delays: BTreeSet<Option<Duration>>| {
        assert_eq!(delays.len(), 8, "{delays:?}");
        assert!(
            delays.iter().flatten().all(|delay| *delay <= cap),
            "{delays:?}"
        );
    };
    let theirs = ExponentialBackoff::from_millis(2)
        .cap(cap)
        .jitter(Jitter::Full);
    at_the_cap((0..8).map(|_| theirs.clone().into_iter().nth(30)).collect());
    let theirs = from_fn(|| {
        ExponentialBuilder::default()
            .without_max_times()
            .with_max_delay(cap)
            .build()
    });
    let theirs = theirs.jitter(Jitter::Proportional(0.3)).cap(cap);
    at_the_cap((0..8).map(|_| theirs.into_iter().nth(30)).collect());
}

#[test]
fn jitter_spreads_within_the_cap_of_a_built_strategy_even_where_its_own_passes_it() {
    let cap = Duration::from_secs(10);
    let jittery = from_fn(|| {
        ExponentialBuilder::default()
            .with_jitter()
            .without_max_times()
            .with_max_delay(cap)
            .build()
    });
    assert!(jittery.into_iter().take(100).any(|delay| delay > cap));
    assert!(
        jittery
            .cap(cap)
            .into_iter()
            .take(100)
            .all(|delay| delay <= cap)
    );
}

#[test]
fn a_seed_makes_the_jitter_over_others_strategies_repeat() {
    let delays = |seed| -> Vec<_> {
        let theirs = ExponentialBackoff::from_millis(2).factor(500);
        let policy = Policy::jitter(theirs, Jitter::Full).seeded(seed);
        policy.into_iter().take(20).collect()
    };
    assert_eq!(delays(7), delays(7));
    assert_ne!(delays(7), delays(8));

    let theirs = || ExponentialBackoff::from_millis(2).factor(500);
    let seeded_first = theirs().seeded(7).jitter(Jitter::Full);
    assert_eq!(
        seeded_first.into_iter().take(20).collect::<Vec<_>>(),
        delays(7)
    );
}

#[test]
fn arrays_and_iterators_of_the_standard_library_are_policies() {
    let array = [1, 2, 3].map(Duration::from_millis);
    assert_eq!(millis(&array), [1, 2, 3]);
    assert_eq!(millis(&array.to_vec().max_retries(2)), [1, 2]);
    assert_eq!(millis(&Sequence::new(array.to_vec())), [1, 2, 3, 3, 3, 3]);
    assert_eq!(
        millis(&std::iter::repeat(Duration::from_millis(9)).max_retries(2)),
        [9, 9]
    );
}
