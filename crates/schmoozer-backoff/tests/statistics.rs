//! The range, mean and spread of each jitter over 100,000 seeded draws of a delay of 10 s.
//!
//! The draws are uniform over a window of width `w`, so their mean is the middle of it with a standard error of
//! `w / √12 / √100,000`, under a thousandth of `w`, and their standard deviation is `w / √12`. Four standard errors
//! are allowed for the mean, one percent for the deviation. The quarters of the window hold a quarter of the draws
//! each, give or take five standard errors, 0.7 %.

#![expect(
    clippy::cast_precision_loss,
    reason = "counts of draws are far below 2⁵³"
)]

use std::time::Duration;

use schmoozer_backoff::{Constant, Decorrelated, Jitter, Policy};

const DRAWS: usize = 100_000;

fn draws<P: Policy>(policy: P) -> Vec<f64> {
    policy
        .into_iter()
        .take(DRAWS)
        .map(|delay| delay.as_secs_f64())
        .collect()
}

#[track_caller]
fn assert_uniform(draws: &[f64], lowest: f64, highest: f64) {
    let width = highest - lowest;
    let count = draws.len() as f64;
    let least = draws.iter().copied().fold(f64::INFINITY, f64::min);
    let most = draws.iter().copied().fold(0.0, f64::max);
    assert!(
        least >= lowest && least < lowest + width / 1_000.0,
        "least {least}"
    );
    assert!(
        most <= highest && most > highest - width / 1_000.0,
        "most {most}"
    );

    let mean = draws.iter().sum::<f64>() / count;
    let middle = f64::midpoint(lowest, highest);
    let deviation = width / 12.0_f64.sqrt();
    assert!(
        (mean - middle).abs() < 4.0 * deviation / count.sqrt(),
        "mean {mean}, not {middle}"
    );

    let square = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / count;
    assert!(
        (square.sqrt() / deviation - 1.0).abs() < 0.01,
        "deviation {}, not {deviation}",
        square.sqrt()
    );

    for quarter in 0..4 {
        let from = lowest + width * f64::from(quarter) / 4.0;
        let share = draws
            .iter()
            .filter(|draw| (from..from + width / 4.0).contains(*draw))
            .count() as f64
            / count;
        assert!((share - 0.25).abs() < 0.007, "quarter {quarter}: {share}");
    }
}

fn jittered(jitter: Jitter) -> Constant {
    Constant::new(Duration::from_secs(10))
        .jitter(jitter)
        .seeded(20_261_123)
}

#[test]
fn full_jitter_is_uniform_from_nothing_to_the_delay() {
    assert_uniform(&draws(jittered(Jitter::Full)), 0.0, 10.0);
}

#[test]
fn equal_jitter_is_uniform_over_the_upper_half() {
    assert_uniform(&draws(jittered(Jitter::Equal)), 5.0, 10.0);
}

#[test]
fn proportional_jitter_is_uniform_around_the_delay() {
    assert_uniform(&draws(jittered(Jitter::Proportional(0.2))), 8.0, 12.0);
    assert_uniform(&draws(jittered(Jitter::Proportional(1.0))), 0.0, 20.0);
}

#[test]
fn jitter_is_uniform_under_the_cap() {
    let cap = Duration::from_secs(8);
    assert_uniform(&draws(jittered(Jitter::Full).cap(cap)), 0.0, 8.0);
    assert_uniform(&draws(jittered(Jitter::Equal).cap(cap)), 4.0, 8.0);
    assert_uniform(
        &draws(jittered(Jitter::Proportional(0.2)).cap(cap)),
        6.4,
        8.0,
    );
    let cap = Duration::from_secs(11);
    assert_uniform(
        &draws(jittered(Jitter::Proportional(0.2)).cap(cap)),
        8.0,
        11.0,
    );
}

#[test]
fn the_first_decorrelated_delays_are_uniform_up_to_three_times_the_initial_one() {
    let policy = Decorrelated::new(Duration::from_secs(10));
    let first = |seed| {
        policy
            .seeded(seed)
            .into_iter()
            .next()
            .map(|delay| delay.as_secs_f64())
    };
    let firsts: Vec<f64> = (0..DRAWS as u64).filter_map(first).collect();
    assert_uniform(&firsts, 10.0, 30.0);
}

#[test]
fn decorrelated_delays_at_the_cap_are_uniform_down_to_the_initial_one() {
    let policy = Decorrelated::new(Duration::from_secs(9))
        .cap(Duration::from_secs(10))
        .seeded(20_261_123);
    assert_uniform(&draws(policy), 9.0, 10.0);
}

#[test]
fn unseeded_draws_are_as_uniform_across_sequences_as_within_one() {
    let policy = Constant::new(Duration::from_secs(10)).jitter(Jitter::Full);
    let firsts: Vec<f64> = (0..DRAWS)
        .filter_map(|_| policy.into_iter().next())
        .map(|delay| delay.as_secs_f64())
        .collect();
    assert_eq!(firsts.len(), DRAWS);
    // Not seeded: the mean gets seven standard errors, which one run in 10¹¹ passes by chance.
    let mean = firsts.iter().sum::<f64>() / DRAWS as f64;
    assert!(
        (mean - 5.0).abs() < 7.0 * 10.0 / 12.0_f64.sqrt() / (DRAWS as f64).sqrt(),
        "{mean}"
    );
}
