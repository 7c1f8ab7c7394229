//! A policy in a configuration file: TOML and JSON.

#![cfg(feature = "serde")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use schmoozer_backoff::{
    Constant, Decorrelated, Exponential, Fibonacci, Jitter, Linear, PolicyConfig, Rounds, Sequence,
};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Service {
    retry: PolicyConfig,
}

#[test]
fn a_policy_is_read_from_toml() -> Result<(), Box<dyn Error>> {
    let service: Service = toml::from_str(
        r#"
        [retry]
        policy = "exponential"
        initial = "250ms"
        factor = 3
        cap = "1m30s"
        jitter = "20%"
        max_retries = 10
        max_total = "1h"
        first_immediate = true
        "#,
    )?;
    let policy = Exponential::new(Duration::from_millis(250))
        .factor(3.0)
        .cap(Duration::from_secs(90))
        .jitter(Jitter::Proportional(0.2))
        .max_retries(10)
        .max_total(Duration::from_secs(3600))
        .first_immediate();
    assert_eq!(service.retry, policy.into());
    Ok(())
}

#[test]
fn a_policy_is_read_from_json() -> Result<(), Box<dyn Error>> {
    let policy: PolicyConfig = serde_json::from_str(
        r#"{ "delays": ["1s", "5s"], "last": "ends", "seed": 3, "policy": "sequence" }"#,
    )?;
    let list = Arc::from([1, 5].map(Duration::from_secs));
    assert_eq!(policy, Sequence::new(list).once().seeded(3).into());
    Ok(())
}

#[test]
fn a_policy_is_read_from_one_line_in_a_file() -> Result<(), Box<dyn Error>> {
    let service: Service = toml::from_str(r#"retry = "constant:5s,equal""#)?;
    assert_eq!(
        service.retry,
        Constant::new(Duration::from_secs(5))
            .jitter(Jitter::Equal)
            .into()
    );
    Ok(())
}

#[test]
fn a_share_may_be_a_number() -> Result<(), Box<dyn Error>> {
    let policy: PolicyConfig =
        serde_json::from_str(r#"{ "policy": "constant", "delay": "5s", "jitter": 0.25 }"#)?;
    assert_eq!(
        policy,
        Constant::new(Duration::from_secs(5))
            .jitter(Jitter::Proportional(0.25))
            .into()
    );
    Ok(())
}

#[test]
fn a_factor_may_be_a_large_whole_number() -> Result<(), Box<dyn Error>> {
    let line: PolicyConfig = "exponential:1s..9s,x5000000000".parse()?;
    let table =
        r#"{ "policy": "exponential", "initial": "1s", "cap": "9s", "factor": 5000000000 }"#;
    assert_eq!(serde_json::from_str::<PolicyConfig>(table)?, line);
    Ok(())
}

#[test]
fn a_policy_is_written_as_a_table() -> Result<(), Box<dyn Error>> {
    let policy: PolicyConfig = Exponential::grpc().max_retries(3).into();
    assert_eq!(
        toml::to_string(&policy)?,
        "policy = \"exponential\"\ninitial = \"1s\"\ncap = \"2m\"\nfactor = 1.6\njitter = \"20%\"\nmax_retries = 3\n"
    );
    Ok(())
}

#[test]
fn a_share_and_a_factor_may_be_whole_numbers() -> Result<(), serde_json::Error> {
    for (whole, fraction) in [
        (r#""jitter": 0"#, r#""jitter": 0.0"#),
        (r#""jitter": 1"#, r#""jitter": 1.0"#),
        (r#""factor": 3"#, r#""factor": 3.0"#),
    ] {
        let read = |option: &str| -> Result<PolicyConfig, _> {
            serde_json::from_str(&format!(
                r#"{{ "policy": "exponential", "initial": "1s", "cap": "9s", {option} }}"#
            ))
        };
        assert_eq!(read(whole)?, read(fraction)?);
    }
    assert_refused(
        r#"{ "policy": "exponential", "initial": "1s", "cap": "9s", "jitter": 2 }"#,
        "`jitter`: integer `2` is not a jitter: expected none, full, equal or a share from 0% to 100%",
    );
    Ok(())
}

/// Asserts that `json` is refused with `message`.
#[track_caller]
fn assert_refused(json: &str, message: &str) {
    let Err(error) = serde_json::from_str::<PolicyConfig>(json) else {
        panic!("read {json}")
    };
    let error = error.to_string();
    let (error, _place) = error.split_once(" at line").unwrap_or((&error, ""));
    assert_eq!(error, message, "{json}");
}

#[test]
fn a_limit_may_be_none_never_or_null() -> Result<(), serde_json::Error> {
    for none in [r#""none""#, r#""never""#, "null"] {
        let read: PolicyConfig = serde_json::from_str(&format!(
            r#"{{ "policy": "exponential", "initial": "2s", "cap": {none}, "max_retries": {none}, "max_total": {none} }}"#
        ))?;
        let second = Duration::from_secs(1);
        let written = Exponential::new(2 * second).jitter(Jitter::Full);
        assert_eq!(read, written.into());
    }
    assert_refused(
        r#"{ "policy": "constant", "delay": null }"#,
        "`delay`: null is not a duration such as 250ms",
    );
    Ok(())
}

#[test]
fn errors_name_the_key_and_say_what_is_allowed() {
    let shape = "cap, jitter, max_retries, max_total, first_immediate and seed";
    assert_refused(
        r#"{ "policy": "constant", "intial": "1s" }"#,
        &format!("unknown key `intial`: `constant` takes delay, {shape}"),
    );
    assert_refused(
        r#"{ "intial": "1s" }"#,
        &format!(
            "unknown key `intial`: a policy takes policy, delay, delays, initial, round, step, factor, last, {shape}; did you mean \
             `initial`?"
        ),
    );
    assert_refused(
        r#"{ "factor": 2, "policy": "constant", "delay": "1s" }"#,
        &format!("`factor` is not an option of `constant`, which takes delay, {shape}"),
    );
    let policies = "constant, linear, exponential, fibonacci, decorrelated, rounds or sequence";
    assert_refused(
        r#"{ "initial": "1s" }"#,
        &format!("`policy` is missing: expected {policies}"),
    );
    assert_refused(
        r#"{ "policy": "expo" }"#,
        &format!("`policy`: `expo` is no policy: expected {policies}"),
    );
    assert_refused(r#"{ "policy": "linear" }"#, "`linear` needs `initial`");
    assert_refused(
        r#"{ "policy": "linear", "policy": "linear" }"#,
        "duplicate field `policy`",
    );
    assert_refused(
        r#"{ "policy": "linear", "cap": "1s", "cap": "1s" }"#,
        "duplicate field `cap`",
    );
    assert_refused(
        r#"{ "policy": "linear", "initial": 5 }"#,
        "`initial`: integer `5` is not a duration such as 250ms",
    );
    assert_refused(
        r#"{ "policy": "linear", "initial": "5 parsecs" }"#,
        "`initial`: ` parsecs` is no unit of time: expected ns, us, ms, s, m, h or d",
    );
    assert_refused(
        r#"{ "policy": "exponential", "factor": 0.5 }"#,
        "`factor`: floating point `0.5` is not a finite number of at least 1",
    );
    assert_refused(
        r#"{ "policy": "exponential", "jitter": "some" }"#,
        "`jitter`: `some` is not a jitter: expected none, full, equal or a share from 0% to 100%",
    );
    assert_refused(
        r#"{ "policy": "exponential", "max_retries": -1 }"#,
        "`max_retries`: integer `-1` is not a whole number from 0 to 4294967295",
    );
    assert_refused(
        r#"{ "policy": "exponential", "max_retries": 4294967296 }"#,
        "`max_retries`: integer `4294967296` is not a whole number from 0 to 4294967295",
    );
    assert_refused(
        r#"{ "policy": "exponential", "first_immediate": "yes" }"#,
        "`first_immediate`: `yes` is not true or false",
    );
    assert_refused(
        r#"{ "policy": "sequence", "delays": ["1s", "2"] }"#,
        "`delays`: the duration has no unit: expected ns, us, ms, s, m, h or d",
    );
    assert_refused(
        r#"{ "policy": "sequence", "delays": "1s" }"#,
        "invalid type: string \"`1s`\", expected `delays` to be a list of durations",
    );
    assert_refused(
        r#"{ "policy": "linear", "initial": ["1s"] }"#,
        "invalid type: sequence, expected `initial` to be a duration such as 250ms",
    );
    assert_refused(r#""constant""#, "`constant` needs `delay`");
    assert_refused(
        "5",
        "invalid type: integer `5`, expected a table with the key `policy`, or a string such as \
         \"exponential:250ms..30s,x2,full\"",
    );
}

#[test]
fn toml_errors_stand_at_the_line_of_the_key() {
    let text = "[retry]\npolicy = \"constant\"\ndelay = \"1s\"\ncup = \"2s\"\n";
    let Err(error) = toml::from_str::<Service>(text) else {
        panic!("read it")
    };
    assert!(error.to_string().contains("line 4"), "{error}");
}

fn durations() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0_u64..100_000).prop_map(Duration::from_millis),
        (any::<u64>(), 0_u32..1_000_000_000).prop_map(|(secs, nanos)| Duration::new(secs, nanos)),
    ]
}

fn policies() -> impl Strategy<Value = PolicyConfig> {
    let lists = prop::collection::vec(durations(), 0..10).prop_map(Arc::from);
    let factors = prop_oneof![1.0..10.0_f64, 1.0..=f64::MAX];
    let jitters = prop_oneof![
        Just(Jitter::None),
        Just(Jitter::Full),
        Just(Jitter::Equal),
        (0.0..=1.0_f64).prop_map(Jitter::Proportional),
        (0_u32..=100).prop_map(|percent| Jitter::Proportional(f64::from(percent) / 100.0)),
    ];
    let shapes = (
        prop::option::of(durations()),
        jitters,
        prop::option::of(any::<u32>()),
        prop::option::of(durations()),
        any::<bool>(),
        prop::option::of(0..=i64::MAX.unsigned_abs()),
    );
    macro_rules! shaped {
        ($policy:expr, $shape:expr) => {{
            let (cap, jitter, retries, total, immediate, seed) = $shape;
            let mut policy = $policy.jitter(jitter);
            if let Some(cap) = cap {
                policy = policy.cap(cap);
            }
            if let Some(retries) = retries {
                policy = policy.max_retries(retries);
            }
            if let Some(total) = total {
                policy = policy.max_total(total);
            }
            if immediate {
                policy = policy.first_immediate();
            }
            if let Some(seed) = seed {
                policy = policy.seeded(seed);
            }
            PolicyConfig::from(policy)
        }};
    }
    (0..8_u8, durations(), durations(), factors, lists, shapes).prop_map(
        |(kind, delay, step, factor, list, shape): (
            u8,
            Duration,
            Duration,
            f64,
            Arc<[Duration]>,
            _,
        )| match kind {
            0 => shaped!(Constant::new(delay), shape),
            1 => shaped!(Linear::new(delay).step(step), shape),
            2 => shaped!(Exponential::new(delay).factor(factor), shape),
            3 => shaped!(Fibonacci::new(delay), shape),
            4 => shaped!(Decorrelated::new(delay), shape),
            5 => shaped!(Rounds::new(delay), shape),
            6 => shaped!(Sequence::new(list), shape),
            _ => shaped!(Sequence::new(list).once(), shape),
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn every_policy_comes_back_as_it_was(policy in policies()) {
        let json = serde_json::to_string(&policy).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(serde_json::from_str::<PolicyConfig>(&json).ok(), Some(policy.clone()), "{}", json);
        let text = toml::to_string(&policy).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(toml::from_str::<PolicyConfig>(&text).ok(), Some(policy.clone()), "{}", text);
        let line = policy.to_string();
        prop_assert_eq!(line.parse::<PolicyConfig>().ok(), Some(policy), "{}", line);
    }
}

#[test]
fn a_format_that_is_not_for_people_holds_the_policy_as_a_string() -> Result<(), Box<dyn Error>> {
    let policy: PolicyConfig = "exponential:250ms..30s,x3,full".parse()?;
    let bytes = postcard::to_allocvec(&policy)?;
    assert_eq!(bytes, postcard::to_allocvec(&policy.to_string())?);
    assert_eq!(postcard::from_bytes::<PolicyConfig>(&bytes)?, policy);

    let misspelt = postcard::to_allocvec("exponental:1s")?;
    assert!(postcard::from_bytes::<PolicyConfig>(&misspelt).is_err());
    Ok(())
}
