//! What the options of every policy do, ours and others'.

use std::time::Duration;

use schmoozer_backoff::{Constant, Exponential, Jitter, Policy};

fn millis<P: Policy>(policy: P) -> Vec<u128> {
    policy
        .into_iter()
        .take(20)
        .map(|delay| delay.as_millis())
        .collect()
}

const BASE: Exponential = Exponential::new(Duration::from_millis(100));

#[test]
fn a_policy_goes_on_for_ever_without_limits() {
    assert_eq!(
        Constant::new(Duration::from_secs(1))
            .into_iter()
            .take(100_000)
            .count(),
        100_000
    );
}

#[test]
fn max_retries_counts_delays() {
    assert_eq!(millis(BASE.max_retries(3)), [100, 200, 400]);
    assert_eq!(millis(BASE.max_retries(0)), [0_u128; 0]);
    assert_eq!(
        millis([Duration::from_millis(5); 4].max_retries(3)),
        [5, 5, 5]
    );
}

#[test]
fn max_total_ends_before_the_delay_that_does_not_fit() {
    assert_eq!(
        millis(BASE.max_total(Duration::from_millis(700))),
        [100, 200, 400]
    );
    assert_eq!(
        millis(BASE.max_total(Duration::from_millis(699))),
        [100, 200]
    );
    assert_eq!(
        millis([Duration::from_millis(5); 4].max_total(Duration::from_millis(12))),
        [5, 5]
    );
}

#[test]
fn first_immediate_is_one_more_delay_and_a_retry_like_any_other() {
    assert_eq!(millis(BASE.first_immediate().max_retries(3)), [0, 100, 200]);
    assert_eq!(millis(BASE.max_retries(3).first_immediate()), [0, 100, 200]);
    assert_eq!(
        millis([Duration::from_millis(5); 2].first_immediate()),
        [0, 5, 5]
    );
    assert_eq!(millis(BASE.first_immediate().max_retries(0)), [0_u128; 0]);
}

#[test]
fn a_sequence_that_has_ended_stays_ended() {
    let mut retries = BASE.max_retries(1).into_iter();
    assert_eq!(retries.by_ref().count(), 1);
    assert_eq!((retries.next(), retries.next()), (None, None));
    // The last of these would fit again.
    let list = [5, 10, 1].map(Duration::from_millis);
    let mut retries = list.max_total(Duration::from_millis(7)).into_iter();
    assert_eq!(retries.by_ref().count(), 1);
    assert_eq!((retries.next(), retries.next()), (None, None));
}

#[test]
fn a_sequence_stays_ended_over_an_iterator_that_starts_again() {
    let mut calls = 0;
    let flickering = std::iter::repeat(Duration::ZERO).map_while(move |delay| {
        calls += 1;
        (calls != 2).then_some(delay)
    });
    let mut retries = flickering.cap(Duration::from_secs(1)).into_iter();
    assert_eq!(retries.next(), Some(Duration::ZERO));
    assert_eq!(retries.next(), None);
    assert_eq!(retries.next(), None);
}

#[test]
fn the_last_word_on_an_option_counts() {
    let policy = BASE
        .cap(Duration::from_millis(50))
        .cap(Duration::from_millis(150))
        .max_retries(3);
    assert_eq!(millis(policy), [100, 150, 150]);
    assert_eq!(
        millis(policy.jitter(Jitter::Full).jitter(Jitter::None)),
        [100, 150, 150]
    );
}

#[test]
fn policies_are_const_items() {
    const POLICY: Exponential = Exponential::default()
        .cap(Duration::from_secs(5))
        .max_retries(4)
        .seeded(1);
    assert_eq!(POLICY.into_iter().count(), 4);
}

#[test]
#[should_panic(expected = "finite and at least 1")]
fn a_factor_below_one_is_refused() {
    let _ = BASE.factor(0.99);
}

#[test]
#[should_panic(expected = "finite and at least 1")]
fn a_factor_that_is_no_number_is_refused() {
    let _ = BASE.factor(f64::NAN);
}

#[test]
#[should_panic(expected = "from 0 to 1")]
fn a_jitter_share_below_zero_is_refused() {
    let _ = BASE.jitter(Jitter::Proportional(-0.1));
}
