//! Any text as a policy in one line: `FromStr` and `Display` of `PolicyConfig`.
//!
//! Its twin on a stable compiler: `crates/schmoozer-backoff/tests/hostile/line.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schmoozer_backoff::PolicyConfig;

fuzz_target!(|text: &str| {
    match text.parse::<PolicyConfig>() {
        Ok(policy) => {
            assert_eq!(policy.to_string().parse(), Ok(policy.clone()));
            assert!(policy.into_iter().take(64).count() <= 64);
        }
        Err(error) => {
            assert!(!error.to_string().contains(char::is_control));
            let marked = format!("{error:#}");
            assert!(marked.chars().count() < 700);
            assert_eq!(marked.lines().count(), 3);
            assert!(text.get(error.span()).is_some());
            if text.contains('@') {
                assert!(!format!("{marked} {error:?}").contains('@'));
            }
        }
    }
});
