//! A policy in a configuration file.

use proptest::prelude::*;
use schmoozer_backoff::PolicyConfig;
use serde_json::{Map, Value, json};

use crate::corpus;

pub(crate) const KEYS: &[&str] = &[
    "policy",
    "delay",
    "delays",
    "initial",
    "round",
    "step",
    "factor",
    "last",
    "cap",
    "jitter",
    "max_retries",
    "max_total",
    "first_immediate",
    "seed",
];

/// What somebody may put under a key, fit or not.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "(?s).{0,40}".prop_map(Value::from),
        "(constant|linear|exponential|sequence|full|none|ends|true)".prop_map(Value::from),
        "-?[0-9.]{1,9}(ns|ms|s|h|d|%|)".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z]{0,6}", inner), 0..3)
                .prop_map(|entries| Value::from(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A table that is good but for what the test puts into it.
fn table(key: &str, value: &Value) -> Value {
    let mut table = match key {
        "delays" | "last" => json!({ "policy": "sequence", "delays": ["1s"] }),
        "round" => json!({ "policy": "rounds" }),
        "step" => json!({ "policy": "linear", "initial": "1s" }),
        "initial" | "factor" => json!({ "policy": "exponential", "cap": "none" }),
        _ => json!({ "policy": "constant", "delay": "1s" }),
    };
    table[key] = value.clone();
    table
}

fn check(value: &Value) -> Result<Result<PolicyConfig, String>, TestCaseError> {
    let text = value.to_string();
    let read = serde_json::from_str::<PolicyConfig>(&text).map_err(|error| error.to_string());
    match &read {
        Ok(policy) => {
            let written =
                serde_json::to_string(policy).map_err(|e| TestCaseError::fail(e.to_string()))?;
            prop_assert_eq!(
                serde_json::from_str(&written).ok(),
                Some(policy.clone()),
                "{}",
                text
            );
        }
        Err(message) => check_message(message)?,
    }
    // The same by way of values that are typed already.
    let typed = serde_json::from_value::<PolicyConfig>(value.clone());
    prop_assert_eq!(typed.is_ok(), read.is_ok(), "{}", text);
    Ok(read)
}

fn check_message(message: &str) -> Result<(), TestCaseError> {
    prop_assert!(message.chars().count() < 500, "{}", message);
    prop_assert!(!message.contains(char::is_control), "{:?}", message);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Row 34: any value of any key.
    #[test]
    fn a_value_is_read_or_refused_by_the_name_of_its_key(key in prop::sample::select(KEYS), value in values()) {
        if let Err(message) = check(&table(key, &value))? {
            // A policy that is another one has no use for the keys that are there.
            let other = key == "policy" && message.contains("needs `");
            let misfit = message.contains("is not an option of");
            prop_assert!(other || misfit || message.contains(&format!("`{key}`")), "{}: {} {}", key, value, message);
        }
    }

    /// Row 34: any table, unknown keys included.
    #[test]
    fn any_table_is_read_or_refused(
        entries in prop::collection::vec((prop::sample::select(KEYS), values()), 0..6),
        stranger in prop::option::of("(?s).{0,40}"),
    ) {
        let mut table: Map<String, Value> = entries.into_iter().map(|(key, value)| (key.into(), value)).collect();
        if let Some(key) = stranger {
            table.insert(key, Value::Null);
        }
        let _ = check(&Value::from(table))?;
    }

    /// Row 34: text that is no table.
    #[test]
    fn text_that_is_no_table_is_refused(text in "(?s).{0,60}") {
        prop_assert!(toml::from_str::<PolicyConfig>(&text).is_err() || text.contains("policy"));
        prop_assert!(serde_json::from_str::<PolicyConfig>(&text).is_err() || text.contains(':'));
    }

    #[test]
    fn a_secret_is_never_repeated(
        key in prop::sample::select(KEYS),
        before in "[a-z0-9:/,.]{0,8}",
        between in "[a-z0-9:.?#,/]{0,8}",
        sign in "@|%40|%2540|＠|﹫",
    ) {
        let secret = Value::from(format!("{before}HUNTER2{between}{sign}db:5432/app"));
        let in_a_list = json!([secret]);
        for value in [&secret, &in_a_list] {
            match check(&table(key, value))? {
                Ok(policy) => return Err(TestCaseError::fail(format!("read as {policy}"))),
                Err(message) => prop_assert!(!message.contains("HUNTER2"), "{}", message),
            }
        }
        let Err(message) = check(&json!({ secret.as_str().unwrap_or_default(): "1s" }))? else {
            return Err(TestCaseError::fail("a stranger is a key"));
        };
        prop_assert!(!message.contains("HUNTER2"), "{}", message);
    }
}

/// Row 34: what `cargo xtask fuzz` begins with, for files.
#[test]
fn what_the_fuzzer_begins_with_is_read_or_refused() -> Result<(), TestCaseError> {
    for text in corpus("config") {
        if let Ok(value) = serde_json::from_str(&text) {
            let _ = check(&value)?;
        } else {
            match toml::from_str::<PolicyConfig>(&text) {
                Ok(policy) => {
                    let written = toml::to_string(&policy).expect("a policy in TOML");
                    prop_assert_eq!(toml::from_str(&written), Ok(policy));
                }
                Err(error) => check_message(error.message())?,
            }
        }
    }
    Ok(())
}

/// Row 34: a megabyte in a file.
#[test]
fn a_megabyte_is_refused_in_a_short_message() {
    let long = "x".repeat(1 << 20);
    for (value, start) in [
        (
            json!(long),
            "the text of a policy has at most 65536 bytes, not 1048576",
        ),
        (json!({ long.as_str(): 1 }), "unknown key `xxxxxxxx"),
        (json!({ "policy": long }), "`policy`: `xxxxxxxx"),
        (table("delay", &json!(long)), "`delay`: `xxxxxxxx"),
        (
            table("delay", &json!("9".repeat(1 << 20) + "s")),
            "`delay`: `99999999",
        ),
        (
            table("delay", &json!("1d".repeat(1 << 19))),
            "`delay`: `1d1d1d1d",
        ),
        (
            table("delays", &json!(long)),
            "invalid type: string \"`xxxxxxxx",
        ),
        (
            table("delays", &json!(vec!["1s"; 100_000])),
            "`delays`: the list has more than 1024 delays",
        ),
    ] {
        let error = serde_json::from_str::<PolicyConfig>(&value.to_string()).expect_err(start);
        let message = error.to_string();
        assert!(message.starts_with(start), "{message:.400}");
        assert!(message.len() < 300, "{message:.400}");
    }
}

/// Row 34: infinite numbers and NaN.
#[test]
fn numbers_without_end_are_refused() {
    for (number, message) in [
        ("nan", "floating point `NaN`"),
        ("inf", "floating point `inf`"),
        ("-inf", "floating point `-inf`"),
        ("1e300", "floating point `1000000"),
    ] {
        let text = format!("policy = 'constant'\ndelay = '1s'\njitter = {number}");
        let error = toml::from_str::<PolicyConfig>(&text)
            .expect_err(number)
            .to_string();
        assert!(error.contains(&format!("`jitter`: {message}")), "{error}");
    }
    let text = "policy = 'exponential'\nfactor = nan";
    let error = toml::from_str::<PolicyConfig>(text)
        .expect_err(text)
        .to_string();
    assert!(
        error.contains("`factor`: floating point `NaN` is not a finite number of at least 1"),
        "{error}"
    );
}
