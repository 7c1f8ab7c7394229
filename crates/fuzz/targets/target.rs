//! Any text as what to dial: `Dialer::new`, and the `Target` that it is read as.
//!
//! Its twin on a stable compiler: `crates/schmoozer-tcp/tests/targets.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use schmoozer_tcp::{Dialer, Target};

fuzz_target!(|text: &str| {
    let dialer = Dialer::new(text);
    match text.parse::<Target>() {
        Ok(target) => {
            assert!(dialer.is_ok());
            assert_ne!(target.port(), 0);
            assert!(!text.contains(['@', '/']));
            assert_eq!(target.to_string().parse(), Ok(target.clone()));
            let host = target.host();
            assert_eq!(Target::try_from((host.as_str(), target.port())), Ok(target));
        }
        Err(refused) => {
            assert_eq!(dialer.err(), Some(refused.clone()));
            let message = refused.to_string();
            assert!(message.chars().count() < 500);
            assert!(!message.contains(char::is_control));
            if text.contains('@') {
                assert!(!format!("{message} {refused:?}").contains('@'));
            }
        }
    }
});
