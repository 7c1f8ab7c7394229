//! A policy in one line.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;
use schmoozer_backoff::{ConfigError, Constant, Jitter, PolicyConfig};

use crate::corpus;

/// Asserts what holds of any text: it is read and comes back as it was, or it is refused in a few lines that a terminal
/// can show, at a place within it.
fn check(text: &str) -> Result<(), TestCaseError> {
    match text.parse::<PolicyConfig>() {
        Ok(policy) => {
            prop_assert_eq!(policy.to_string().parse(), Ok(policy.clone()), "{}", text);
            // Whatever it says, some of its delays are there to be drawn.
            let drawn: Vec<Duration> = policy.into_iter().take(4).collect();
            prop_assert!(drawn.len() <= 4);
        }
        Err(error) => {
            let message = format!("{error:#}");
            prop_assert!(message.chars().count() < 700, "{}", message);
            prop_assert_eq!(message.lines().count(), 3, "{}", message);
            prop_assert!(
                !error.to_string().contains(char::is_control),
                "{:?}",
                message
            );
            let shown = message.lines().nth(1).unwrap_or_default();
            prop_assert!(!shown.contains(char::is_control), "{:?}", message);
            prop_assert!(text.get(error.span()).is_some(), "{}", text);
        }
    }
    Ok(())
}

const GOOD: &[&str] = &[
    "constant:1s,20%",
    "linear:1s..30s,+500ms",
    "exponential:250ms..30s,x2,full,max_retries=10",
    "exponential:1s..none,x1.6,none",
    "fibonacci:1s,equal,max_retries=3",
    "decorrelated:1s..1h,max_total=2h",
    "rounds:38500ms",
    "sequence:1s/5s..2s,last=ends,full",
    "sequence:delays=,cap=1s",
    "constant:1m30s,first_immediate,seed=7",
];

fn numbers() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("NaN".to_owned()),
        Just("nan".to_owned()),
        Just("-NaN".to_owned()),
        Just("inf".to_owned()),
        Just("-inf".to_owned()),
        Just("infinity".to_owned()),
        Just("-0".to_owned()),
        Just("1e999".to_owned()),
        Just("1e-999".to_owned()),
        any::<f64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        any::<i128>().prop_map(|number| number.to_string()),
        "-?[0-9]{1,60}(\\.[0-9]{0,60})?",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Row 34: any text for a policy.
    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,60}") {
        check(&text)?;
    }

    /// Row 34: text that is nearly a policy.
    #[test]
    fn text_that_is_nearly_right_is_read_or_refused(
        name in "(constant|linear|exponential|fibonacci|decorrelated|rounds|sequence)",
        options in prop::collection::vec(
            "(1s|2ms\\.\\.5s|x[0-9.]{1,4}|\\+[0-9]s|full|[0-9]{1,3}%|cap=[0-9.]{0,3}[a-zµ]{0,2}|last=[a-z]{0,7}|\
             first_immediate(=[a-z]*)?|[a-z=µ]{0,6})",
            0..5,
        ),
    ) {
        check(&format!("{name}:{}", options.join(",")))?;
    }

    /// Row 34: a policy with a piece changed.
    #[test]
    fn a_good_text_with_a_piece_changed_is_read_or_refused(
        good in prop::sample::select(GOOD),
        changes in prop::collection::vec((any::<Index>(), 0..4_usize, "(?s).{0,3}|[-0-9.,:=/%+xn]{0,3}"), 1..4),
    ) {
        let mut text: Vec<char> = good.chars().collect();
        for (at, taken, put) in changes {
            let at = at.index(text.len() + 1);
            let end = text.len().min(at + taken);
            text.splice(at..end, put.chars());
        }
        check(&text.into_iter().collect::<String>())?;
    }

    /// Row 34: NaN, negative and huge numbers.
    #[test]
    fn a_number_that_none_can_use_is_refused_by_the_name_of_its_key(
        key in "(delay|cap|jitter|max_retries|max_total|seed)",
        number in numbers(),
        unit in "(s|ms|d|%|)",
    ) {
        let first = if key == "delay" { "" } else { ",delay=1s" };
        let text = format!("constant:{key}={number}{unit}{first}");
        check(&text)?;
        if let Err(error) = text.parse::<PolicyConfig>() {
            let message = error.to_string();
            prop_assert!(message.starts_with(&format!("`{key}`: ")), "{} {}", text, message);
        }
    }

    #[test]
    fn a_factor_is_finite_and_at_least_one_or_refused_by_its_name(number in numbers()) {
        let text = format!("exponential:1s..2s,x{number}");
        check(&text)?;
        let factor = number.parse::<f64>().unwrap_or(f64::NAN);
        match text.parse::<PolicyConfig>() {
            Ok(_) => prop_assert!(factor >= 1.0 && factor.is_finite(), "{}", text),
            Err(error) => {
                prop_assert!(factor.is_nan() || factor < 1.0 || factor.is_infinite(), "{}", text);
                prop_assert!(error.to_string().starts_with("`factor`: "), "{}", error);
            }
        }
    }

    #[test]
    fn a_secret_is_never_repeated(
        before in "(|constant:|exponential:1s,|[a-z:/,=]{0,8})",
        between in "[a-z0-9:.?#,=/]{0,8}",
        sign in "@|%40|%2540|＠|﹫",
        after in "[a-z0-9.:/,]{0,16}",
    ) {
        let told = match format!("{before}HUNTER2{between}{sign}{after}").parse::<PolicyConfig>() {
            Ok(policy) => return Err(TestCaseError::fail(format!("read as {policy}"))),
            Err(error) => format!("{error} {error:#} {error:?}"),
        };
        prop_assert!(!told.contains("HUNTER2"), "{}", told);
    }
}

/// Row 34: what `cargo xtask fuzz` begins with, for policies.
#[test]
fn what_the_fuzzer_begins_with_is_read_or_refused() -> Result<(), TestCaseError> {
    for text in corpus("policy") {
        check(&text)?;
    }
    Ok(())
}

#[test]
fn a_share_of_minus_nothing_is_written_as_nothing() -> Result<(), ConfigError> {
    let read: PolicyConfig = "constant:1s,jitter=-0%".parse()?;
    let built = Constant::new(Duration::from_secs(1)).jitter(Jitter::Proportional(-0.0));
    assert_eq!(read.to_string(), "constant:1s,0%");
    assert_eq!(PolicyConfig::from(built).to_string(), "constant:1s,0%");
    Ok(())
}

/// Row 34: a megabyte of text.
#[test]
fn a_megabyte_is_refused_unread() {
    let error = "x"
        .repeat(1 << 20)
        .parse::<PolicyConfig>()
        .expect_err("no policy");
    assert_eq!(
        error.to_string(),
        "the text of a policy has at most 65536 bytes, not 1048576"
    );
}

#[test]
fn long_text_is_refused_in_a_short_message() {
    for text in [
        "x".repeat(30_000),
        format!("constant:{}", "9".repeat(30_000)),
        format!("constant:1s,{}", "ä".repeat(15_000)),
        format!("constant:1s,{}=1", "\u{1b}[31m".repeat(4_000)),
        format!("sequence:{}", "1s/".repeat(10_000)),
        format!("constant:{}", "584942417355d".repeat(4_000)),
        format!("constant:1s{}", ",full".repeat(6_000)),
    ] {
        let error = text.parse::<PolicyConfig>().expect_err("no policy");
        let message = format!("{error:#}");
        assert!(message.chars().count() < 700, "{message}");
        assert!(!message.contains('\u{1b}'), "{message}");
    }
}

#[test]
fn a_url_in_the_place_of_a_policy_is_not_repeated() {
    for text in [
        "postgres://user:hunter2@db/app",
        "redis://:hunter2",
        "constant:hunter2,x@db",
        "constant:5hunter2@db",
        "constant:delay=hunter2%40db",
    ] {
        let error = text.parse::<PolicyConfig>().expect_err(text);
        assert_eq!(
            format!("{error:#}"),
            "text with a URL or user information is no policy: expected constant, linear, exponential, fibonacci, \
             decorrelated, rounds or sequence\n  \n  ^"
        );
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}
