//! No two sequences replay each other, unless they were seeded to.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use schmoozer_backoff::{Exponential, Jitter, Policy};

const POLICY: Exponential = Exponential::new(Duration::from_secs(1))
    .jitter(Jitter::Full)
    .max_retries(8);

fn delays<P: Policy>(policy: &P) -> Vec<Duration> {
    policy.clone().into_iter().collect()
}

#[test]
fn a_thousand_iterations_of_one_policy_all_differ() {
    let sequences: BTreeSet<_> = (0..1_000).map(|_| delays(&POLICY)).collect();
    assert_eq!(sequences.len(), 1_000);
}

#[test]
fn a_thousand_first_delays_all_differ() {
    // Of the nanoseconds of a second, a thousand would have two alike in one run of two thousand.
    let days = Exponential::new(Duration::from_secs(86_400)).jitter(Jitter::Full);
    let firsts: BTreeSet<_> = (0..1_000).filter_map(|_| days.into_iter().next()).collect();
    assert_eq!(firsts.len(), 1_000);
}

#[test]
fn threads_with_the_same_thread_local_state_differ() {
    let draw = || {
        fastrand::seed(42);
        delays(&POLICY)
    };
    let sequences: BTreeSet<_> = (0..8)
        .map(|_| thread::spawn(draw))
        .map(|thread| thread.join().ok())
        .collect();
    assert_eq!(sequences.len(), 8);
}

#[test]
fn thread_local_state_that_is_set_back_does_not_bring_delays_back() {
    fastrand::seed(42);
    let before = delays(&POLICY);
    fastrand::seed(42);
    assert_ne!(delays(&POLICY), before);
}

#[test]
fn seeded_policies_repeat_themselves_and_differ_by_seed() {
    assert_eq!(delays(&POLICY.seeded(1)), delays(&POLICY.seeded(1)));
    assert_ne!(delays(&POLICY.seeded(1)), delays(&POLICY.seeded(2)));
    let foreign = [Duration::from_secs(1); 8].jitter(Jitter::Full);
    assert_eq!(delays(&foreign.seeded(1)), delays(&foreign.seeded(1)));
    assert_ne!(delays(&foreign.seeded(1)), delays(&foreign.seeded(2)));
}
