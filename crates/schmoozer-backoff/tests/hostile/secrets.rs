//! What may be pasted into the wrong place.

use std::fmt::{Debug, Display};

use schmoozer_backoff::{PolicyConfig, parse_duration};

/// User information and URLs in every form that somebody may paste: `hunter2` is the secret.
const WITH_SECRETS: &[&str] = &[
    "user:hunter2@db:1",
    "hunter2@db:1",
    ":hunter2@db:1",
    "user:hunter2@db",
    "user:hunter2@",
    "@hunter2@db:1",
    "user:hunter2@eve@db:1",
    "user:p@hunter2@db:1",
    "user:hunter2 @db:1",
    " user:hunter2@db:1\n",
    "tcp://user:hunter2@db:1",
    "TCP://user:hunter2@[::1]:1",
    "redis://:hunter2@db:1/0",
    "redis://:hunter2",
    "pa:hunter2://db:1",
    "//user:hunter2@db:1",
    "user:hunter2@[::1]:1",
    "[user:hunter2@::1]:1",
    "[::1%hunter2@db]:1",
    "user%3Ahunter2%40db:1",
    "user%3ahunter2%40db",
    "user%3Ahunter2%40db:http",
    "hunter2%40db:1",
    "hunter2%40db",
    "hunter2%40[::1]:1",
    "hunter2%2540db:1",
    "[fe80::1%hunter2%40db]:1",
    "fe80::1%hunter2%40db:1",
    "hunter2%EF%BC%A0db:1",
    "user:hunter2＠db:1",
    "hunter2＠db:1",
    "hunter2﹫db:1",
    "hunter2\u{200b}@db:1",
    "hunter2\0@db:1",
];

/// Each of these forms, also cut by what separates the parts of a policy: the secret in one, the sign in another.
fn forms() -> impl Iterator<Item = String> {
    let parted = |form: &str| {
        ["", ",x", ":x", "=x", "/x", ".."]
            .map(|part| form.replace("hunter2", &format!("hunter2{part}")))
    };
    WITH_SECRETS.iter().flat_map(move |form| parted(form))
}

/// Asserts that something is refused, and that no part of the secret is told.
fn refused<T: Debug, E: Display + Debug>(form: &str, made: Result<T, E>) {
    let error = made.expect_err(form);
    let told = format!("{error} {error:#} {error:?}");
    assert!(!told.contains("hunter"), "{form:?}: {told}");
}

#[test]
fn no_form_of_user_information_is_repeated_from_a_line() {
    let before = ["", "5", "1s"];
    let places = [
        "",
        "constant:",
        "constant:delay=",
        "sequence:1s/",
        "exponential:1s..",
        "exponential:1s..2s,",
        "exponential:1s..2s,x",
        "linear:1s,+",
        "exponential:1s..2s,jitter=",
        "exponential:1s..2s,seed=",
    ];
    for form in forms() {
        for form in before.map(|before| format!("{before}{form}")) {
            refused(&form, parse_duration(&form));
            for line in places.map(|place| format!("{place}{form}")) {
                refused(&line, line.parse::<PolicyConfig>());
            }
        }
    }
}

#[cfg(feature = "serde")]
#[test]
fn no_form_of_user_information_is_repeated_from_a_table() {
    use serde_json::json;

    for form in forms() {
        let mut tables = vec![
            json!(form),
            json!({ "policy": form }),
            json!({ "policy": "constant", form.as_str(): "1s" }),
            json!({ form.as_str(): "1s" }),
            json!({ "policy": "sequence", "delays": [form] }),
        ];
        for key in super::file::KEYS {
            let value = format!("5{form}");
            tables.extend([json!({ *key: form }), json!({ *key: value })]);
        }
        for table in tables {
            refused(&form, serde_json::from_value::<PolicyConfig>(table.clone()));
            // TOML has no string by itself.
            if let Ok(file) = toml::to_string(&table) {
                let read = toml::from_str::<PolicyConfig>(&file);
                refused(&form, read.map_err(|error| error.message().to_owned()));
            }
        }
    }
}

/// A jitter in percent has no sign of a secret.
#[test]
fn what_only_looks_encoded_is_named_in_an_error() {
    for line in [
        "constant:1s,20%,ful",
        "constant:1s,20%:80,ful",
        "constant:1s,20%x,ful",
    ] {
        let error = line.parse::<PolicyConfig>().expect_err("it is malformed");
        assert!(!error.to_string().contains("user information"), "{error}");
    }
}

/// The error's own `Display` prints the line.
#[cfg(feature = "serde")]
#[test]
fn the_message_of_an_error_of_toml_holds_no_secret() {
    for file in [
        "policy = \"user:hunter2@db:1\"",
        "policy = \"constant\"\ndelay = \"hunter2%2540db\"",
        "policy = \"hunter2@db:1",
        "hunter2@db:1",
    ] {
        let error = toml::from_str::<PolicyConfig>(file).expect_err("it is malformed");
        assert!(error.to_string().contains("hunter2"), "{error}");
        assert!(!error.message().contains("hunter2"), "{}", error.message());
    }
}
