//! Whatever is given as a target is taken as it reads, or refused in a short line without its secrets.
//! The fuzz target `target` asks the same of text that nobody thought of.

mod secrets;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use schmoozer_tcp::{Dialer, InvalidTarget, Target};
use secrets::forms;

fn hosts() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,30}",
        "[a-z0-9_.%:\\[\\]-]{0,20}",
        "\\[?[0-9a-f:]{2,12}(%[a-z0-9]{1,5})?\\]?",
        "\\[?fe80::[0-9](%[0-9]{1,4})?\\]?",
        "[0-9]{1,3}(\\.[0-9]{1,3}){1,4}",
        "[a-z0-9-]{1,9}(\\.[a-z0-9-]{1,9}){0,3}\\.?",
    ]
}

/// Asserts what holds of any text: it is taken and comes back as it was, or it is refused in a short line.
fn check(text: &str) -> Result<(), TestCaseError> {
    match text.parse::<Target>() {
        Ok(target) => {
            prop_assert_ne!(target.port(), 0);
            prop_assert_eq!(target.to_string().parse(), Ok(target.clone()));
            let parts = Target::try_from((target.host(), target.port()));
            prop_assert_eq!(parts, Ok(target));
        }
        Err(refused) => {
            let message = refused.to_string();
            prop_assert!(message.len() < 500, "{}", message);
            prop_assert!(!message.contains(char::is_control), "{:?}", message);
        }
    }
    Ok(())
}

/// Row 34: what `cargo xtask fuzz` begins with, for targets.
#[test]
fn what_the_fuzzer_begins_with_is_taken_or_refused() -> Result<(), TestCaseError> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/target");
    if !corpus.exists() {
        println!(
            "skipped: this crate lies by itself, without {}",
            corpus.display()
        );
        return Ok(());
    }
    let read = |file: std::io::Result<fs::DirEntry>| fs::read_to_string(file?.path());
    for file in fs::read_dir(corpus).expect("a directory") {
        check(&read(file).expect("a text"))?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_096, failure_persistence: None, ..ProptestConfig::default() })]

    /// Row 34: hostile targets.
    #[test]
    fn a_target_is_read_back_as_it_was(host in hosts(), port in "(:[0-9]{1,6}|.{0,4})") {
        let text = host + &port;
        check(&text)?;
    }

    /// Row 34: hostile hosts.
    #[test]
    fn a_host_and_a_port_are_taken_as_their_text_is(host in hosts(), port: u16) {
        let parts = Target::try_from((host.as_str(), port));
        // Text needs brackets where parts may do without.
        let text = if host.contains(':') && !host.starts_with('[') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        };
        prop_assert_eq!(parts.ok(), text.parse().ok());
    }

    /// Row 35: a refused target is not repeated.
    #[test]
    fn a_secret_is_never_repeated(
        before in "[a-z:/]{0,8}",
        between in "[a-z0-9:.?#]{0,8}",
        at in "@|%40|%2540|＠|﹫",
        after in "[a-z0-9.:/]{0,16}",
    ) {
        let Err(refused) = format!("{before}HUNTER2{between}{at}{after}").parse::<Target>() else {
            return Err(TestCaseError::fail("credentials are taken"));
        };
        let told = format!("{refused} {refused:?}");
        prop_assert!(!told.contains("HUNTER2"), "{}", told);
    }
}

/// Row 35: a target with credentials, in each form.
#[test]
fn no_form_of_user_information_is_taken_or_repeated() {
    fn check<T: std::fmt::Debug>(text: &str, made: Result<T, InvalidTarget>) {
        let refused = made.expect_err(text);
        let told = format!("{refused} {refused:?} {refused:#?}");
        let as_io = std::io::Error::from(refused);
        let told = format!("{told} {as_io} {as_io:?} {as_io:#?}");
        assert!(!told.contains("hunter2"), "{text:?}: {told}");
    }
    for text in forms() {
        let text = text.as_str();
        check(text, text.parse::<Target>());
        check(text, Target::try_from(text.to_owned()));
        check(text, Target::try_from((text, 5432)));
        check(text, Dialer::new(text));
        check(text, Dialer::new((text, 5432)));
        check(text, Dialer::any_of(["db:1", text, "db:2"]));
    }
}

#[test]
fn a_zone_by_its_number_is_no_encoded_sign() {
    let zoned = "[fe80::1%40]:80".parse::<Target>();
    assert_eq!(zoned.as_ref().map(Target::host), Ok("fe80::1%40"));
}
