//! Options that code gives to a policy from a configuration reach into it, as they do with a policy from code.

#![cfg(feature = "config")]

use std::collections::HashSet;
use std::time::Duration;

use schmoozer_backoff::{Jitter, PolicyConfig};

const SECOND: Duration = Duration::from_secs(1);
const POLICIES: [&str; 7] = [
    "constant:10s",
    "linear:10s",
    "exponential:10s..none",
    "fibonacci:10s",
    "decorrelated:10s",
    "rounds:10s",
    "sequence:10s/20s",
];

fn config(text: &str) -> PolicyConfig {
    text.parse().unwrap_or_default()
}

fn delays(config: &PolicyConfig) -> Vec<Duration> {
    config.clone().into_iter().take(4).collect()
}

#[test]
fn a_seed_decides_on_all_that_a_configured_policy_draws() {
    for text in POLICIES {
        let full = config(&format!("{text},full"));
        let seeded = delays(&full.clone().seeded(7));
        assert_eq!(delays(&full.clone().seeded(7)), seeded, "{text}");
        assert_ne!(delays(&full.seeded(8)), seeded, "{text}");
    }
}

#[test]
fn a_cap_leaves_the_jitter_of_a_configured_policy_below_it() {
    for text in POLICIES {
        let capped = config(&format!("{text},full")).cap(SECOND);
        let eight: HashSet<Duration> = (0..8).filter_map(|_| delays(&capped).pop()).collect();
        assert_eq!(eight.len(), 8, "{text}");
        assert!(eight.iter().all(|delay| *delay <= SECOND), "{text}");
    }
}

#[test]
fn limits_are_those_of_the_policy_itself() {
    for text in POLICIES {
        let given = config(text).max_retries(3).max_total(100 * SECOND);
        let given = given.first_immediate().seeded(1);
        let written = format!("{text},max_retries=3,max_total=100s,first_immediate,seed=1");
        assert_eq!(given, config(&written), "{text}");
        assert_eq!(given.clone().into_iter().count(), 3, "{text}");
        assert_eq!(delays(&given).first(), Some(&Duration::ZERO), "{text}");
    }
}

#[test]
#[should_panic(expected = "from 0 to 1")]
fn a_jitter_share_above_one_is_refused() {
    let _ = PolicyConfig::default().jitter(Jitter::Proportional(2.0));
}
