//! Any text as a configuration file that holds a policy: `PolicyConfig` from JSON and from TOML, and back.
//!
//! Its twin on a stable compiler: `crates/schmoozer-backoff/tests/hostile/file.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schmoozer_backoff::PolicyConfig;

fuzz_target!(|text: &str| {
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
        match serde_json::from_value::<PolicyConfig>(value) {
            Ok(policy) => check(policy),
            Err(error) => {
                check_message(&error.to_string());
                assert!(!error.to_string().contains('@'));
            }
        }
    }
    match serde_json::from_str::<PolicyConfig>(text) {
        Ok(policy) => check(policy),
        Err(error) => check_message(&error.to_string()),
    }
    match toml::from_str::<PolicyConfig>(text) {
        Ok(policy) => check(policy),
        // Its whole text quotes the line of the file, as `toml` does for any type.
        Err(error) => check_message(error.message()),
    }
});

fn check_message(message: &str) {
    // A number of 309 digits is told in full.
    assert!(message.chars().count() < 700, "{message}");
    assert!(!message.contains(char::is_control), "{message:?}");
}

/// What was read comes back as it was from either format, and yields its delays.
fn check(policy: PolicyConfig) {
    let json = serde_json::to_string(&policy).expect("a policy in JSON");
    assert_eq!(
        serde_json::from_str::<PolicyConfig>(&json).ok(),
        Some(policy.clone()),
        "{json}"
    );
    // A TOML integer has 63 bits: a seed may have one more.
    if let Ok(text) = toml::to_string(&policy) {
        assert_eq!(
            toml::from_str::<PolicyConfig>(&text).ok(),
            Some(policy.clone()),
            "{text}"
        );
    }
    assert!(policy.into_iter().take(64).count() <= 64);
}
