//! Code on the `backoff` crate moves over a call at a time.

#![cfg(feature = "backoff")]

use std::time::Duration;

use backoff::backoff::Backoff;
use backoff::{ExponentialBackoff, ExponentialBackoffBuilder};
use schmoozer_backoff::{AsBackoff, Exponential, FromBackoff, Jitter, Policy};

const SECOND: Duration = Duration::from_secs(1);

fn theirs(multiplier: f64, randomization: f64) -> ExponentialBackoff {
    ExponentialBackoffBuilder::new()
        .with_initial_interval(SECOND / 2)
        .with_multiplier(multiplier)
        .with_randomization_factor(randomization)
        .with_max_interval(20 * SECOND)
        .with_max_elapsed_time(None)
        .build()
}

#[test]
fn the_backoff_crate_retries_by_a_policy_of_ours() {
    let policy = Exponential::new(Duration::from_micros(10)).max_retries(4);
    let mut calls = 0;
    let result = backoff::retry_notify(
        AsBackoff::new(policy),
        || {
            calls += 1;
            Err::<(), _>(backoff::Error::transient(calls))
        },
        |_, _| (),
    );
    assert!(matches!(
        result,
        Err(backoff::Error::Transient { err: 5, .. })
    ));
}

#[test]
fn a_reset_starts_a_sequence_with_jitter_of_its_own() {
    let mut ours = AsBackoff::new(Exponential::new(SECOND).jitter(Jitter::Full).max_retries(3));
    let mut sequence = || {
        ours.reset();
        std::iter::from_fn(|| ours.next_backoff()).collect::<Vec<_>>()
    };
    let (first, second) = (sequence(), sequence());
    assert_eq!((first.len(), second.len()), (3, 3));
    assert_ne!(first, second);
}

#[test]
fn any_backoff_is_a_policy() {
    let policy = FromBackoff::new(theirs(2.0, 0.0));
    for _ in 0..2 {
        let millis: Vec<_> = policy
            .clone()
            .into_iter()
            .map(|delay| delay.as_millis())
            .take(7)
            .collect();
        assert_eq!(millis, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000]);
    }
    assert_eq!(
        policy.cap(SECOND).max_retries(3).into_iter().last(),
        Some(SECOND)
    );
}

#[test]
fn a_used_backoff_starts_afresh_as_a_policy() {
    let mut used = theirs(2.0, 0.0);
    let _ = (used.next_backoff(), used.next_backoff());
    assert_eq!(FromBackoff::new(used).into_iter().next(), Some(SECOND / 2));
}

#[test]
fn their_exponential_converts_to_ours_with_the_same_delays() {
    for multiplier in [1.0, 1.5, 1.6, 2.0, 3.3] {
        let theirs = theirs(multiplier, 0.0);
        let Ok(ours) = Exponential::try_from(&theirs) else {
            panic!("refused {multiplier}")
        };
        for (ours, theirs) in ours.into_iter().zip(FromBackoff::new(theirs)).take(40) {
            // They cut to the nanosecond below, we round to the nearest, once a step.
            assert!(
                ours.abs_diff(theirs) <= Duration::from_nanos(40),
                "{multiplier}: {ours:?}, theirs {theirs:?}"
            );
        }
    }
}

#[test]
fn their_jitter_converts_to_ours_with_the_same_bounds_under_the_cap() {
    let theirs = theirs(2.0, 0.5);
    let Ok(ours) = Exponential::try_from(&theirs) else {
        panic!("refused")
    };
    let bounds = |delays: Vec<Duration>| {
        (
            delays.iter().min().map(Duration::as_secs_f64),
            delays.iter().max().map(Duration::as_secs_f64),
        )
    };
    for n in 0..5_u32 {
        let draw = |_| ours.into_iter().nth(n as usize);
        let ours = bounds((0..4_000).filter_map(draw).collect());
        let draw = |_| FromBackoff::new(theirs.clone()).into_iter().nth(n as usize);
        let theirs = bounds((0..4_000).filter_map(draw).collect());
        let base = 0.5 * f64::from(1_u32 << n);
        for (lowest, highest) in [ours, theirs] {
            let (lowest, highest) = (lowest.unwrap_or(0.0) / base, highest.unwrap_or(0.0) / base);
            assert!(
                (0.5..0.51).contains(&lowest) && (1.49..1.500_001).contains(&highest),
                "{n}: {lowest} {highest}"
            );
        }
    }
}

#[test]
fn at_their_maximal_interval_ours_keeps_to_the_cap() {
    let theirs = theirs(2.0, 0.5);
    let Ok(ours) = Exponential::try_from(&theirs) else {
        panic!("refused")
    };
    let highest = |delays: &mut dyn Iterator<Item = Duration>| delays.skip(10).take(1_000).max();
    assert!(highest(&mut ours.into_iter()) <= Some(20 * SECOND));
    assert!(highest(&mut FromBackoff::new(theirs).into_iter()) > Some(29 * SECOND));
}

#[test]
fn their_time_limit_becomes_a_limit_of_ours() {
    let theirs = ExponentialBackoff {
        max_elapsed_time: Some(10 * SECOND),
        ..theirs(2.0, 0.0)
    };
    assert_eq!(
        Exponential::try_from(&theirs).map(|ours| ours.into_iter().sum()),
        Ok(SECOND * 15 / 2)
    );
}

#[test]
fn fields_that_no_policy_of_ours_has_are_named() {
    let error = |multiplier, randomization| {
        Exponential::try_from(&theirs(multiplier, randomization)).map_err(|error| error.to_string())
    };
    assert_eq!(
        error(0.5, 0.0),
        Err("`multiplier` is 0.5, not a finite number of at least 1".into())
    );
    assert_eq!(
        error(f64::NAN, 0.0),
        Err("`multiplier` is NaN, not a finite number of at least 1".into())
    );
    assert_eq!(
        error(2.0, 1.5),
        Err("`randomization_factor` is 1.5, not from 0 to 1".into())
    );
}
