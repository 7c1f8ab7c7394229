//! A dialer's settings in configuration files: TOML and JSON.

#![cfg(feature = "serde")]

use std::time::Duration;

use schmoozer_tcp::{DialerConfig, Family, Order, Target};

const ALL: &str = r#"
    targets = ["db1.example.com:5432", "[::1]:5432"]
    order = "failover"
    family = "v6"
    timeout = "none"
    attempt_delay = "100ms"
    endpoint_delay = "1500ms"
    dead_after = "20s"
"#;

fn toml(text: &str) -> Result<DialerConfig, String> {
    toml::from_str(text).map_err(|error| error.message().to_owned())
}

#[test]
fn every_key_is_read_and_written_again() -> Result<(), Box<dyn std::error::Error>> {
    let config = toml(ALL)?;
    assert_eq!(config.targets[1], Target::try_from("[::1]:5432")?);
    assert_eq!((config.order, config.family), (Order::Failover, Family::V6));
    assert_eq!(config.timeout, None);
    assert_eq!(config.attempt_delay, Some(Duration::from_millis(100)));
    assert_eq!(config.endpoint_delay, Some(Duration::from_millis(1_500)));
    assert_eq!(config.dead_after, Some(Duration::from_secs(20)));

    assert_eq!(
        serde_json::from_str::<DialerConfig>(&serde_json::to_string(&config)?)?,
        config
    );
    assert_eq!(toml(&toml::to_string(&config)?)?, config);
    Ok(())
}

#[test]
fn what_is_left_out_is_as_a_dialer_has_it() -> Result<(), Box<dyn std::error::Error>> {
    let config = toml("targets = \"db.example.com:5432\"")?;
    assert_eq!(config, DialerConfig::new(["db.example.com:5432".parse()?]));
    assert_eq!(
        serde_json::to_string(&config)?,
        r#"{"targets":["db.example.com:5432"]}"#
    );
    let of_config = format!("{:?}", config.dialer()?);
    let of_its_own = format!("{:?}", schmoozer_tcp::Dialer::new("db.example.com:5432")?);
    assert_eq!(of_config, of_its_own);
    Ok(())
}

#[test]
fn every_setting_reaches_the_dialer() -> Result<(), Box<dyn std::error::Error>> {
    let dialer = schmoozer_tcp::Dialer::any_of(["db1.example.com:5432", "[::1]:5432"])?
        .order(Order::Failover)
        .family(Family::V6)
        .timeout(None)
        .attempt_delay(Duration::from_millis(100))
        .endpoint_delay(Duration::from_millis(1_500))
        .dead_after(Duration::from_secs(20));
    assert_eq!(format!("{:?}", toml(ALL)?.dialer()?), format!("{dialer:?}"));
    Ok(())
}

/// Row 34: an error names the key, and says what is allowed.
#[test]
fn an_error_names_the_key_and_what_is_allowed() {
    let keys = "targets, order, family, timeout, attempt_delay, endpoint_delay, dead_after";
    for (text, message) in [
        ("", "`targets` is missing".to_owned()),
        ("targets = []", "`targets` is missing".to_owned()),
        ("targets = \"db\"", "`targets`: malformed target: the port is missing after \"db\", expected host:port".to_owned()),
        ("targets = 5", "`targets`: expected a string, or for `targets` a list of them".to_owned()),
        ("order = \"failovr\"", "`order`: \"failovr\" is no order: expected in_turn, shuffled, failover; did you mean failover?".to_owned()),
        ("family = \"ipv4\"", "`family`: \"ipv4\" is no family: expected any, v4, v6; did you mean v4?".to_owned()),
        ("timeout = 5", "`timeout`: expected a string, or for `targets` a list of them".to_owned()),
        ("timeout = [\"5s\"]", "`timeout`: expected a string, or for `targets` a list of them".to_owned()),
        ("timeout = \"5\"", "`timeout`: \"5\" is no duration such as 250ms".to_owned()),
        ("attempt_delay = \"none\"", "`attempt_delay`: \"none\" is no duration such as 250ms".to_owned()),
        ("timeout = \"5s,full\"", "`timeout`: \"5s,full\" is no duration such as 250ms".to_owned()),
        ("timeuot = \"5s\"", format!("\"timeuot\" is no key: expected {keys}; did you mean timeout?")),
        ("colour = 5", format!("\"colour\" is no key: expected {keys}")),
    ] {
        assert_eq!(toml(text), Err(message), "{text}");
    }
}

/// Row 35: a URL or user information that was pasted into any place is not repeated.
#[test]
fn a_secret_is_never_repeated() {
    let secret = "redis://user:hunter2@db.example.com:6379";
    let halved = "user:hunter2=x@db.example.com:6379";
    for text in [secret, halved] {
        for key in ["targets", "order", "family", "timeout", "attempt_delay"] {
            let error = toml(&format!("{key} = \"{text}\"")).expect_err("it is malformed");
            assert!(!error.contains("hunter2"), "{error}");
        }
        let error = toml(&format!("\"{text}\" = 1")).expect_err("there is no such key");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn text_of_any_length_is_refused_in_a_short_error() {
    let long = "x".repeat(1_000_000);
    for text in [format!("order = \"{long}\""), format!("{long} = \"1\"")] {
        let error = toml(&text).expect_err("it is malformed");
        assert!(error.len() < 300);
    }
}

#[test]
fn its_parts_are_text_in_other_configurations() -> Result<(), serde_json::Error> {
    let parts: (Target, Order, Family) = serde_json::from_str(r#"["db:1","shuffled","v4"]"#)?;
    assert_eq!(
        serde_json::to_string(&parts)?,
        r#"["db:1","shuffled","v4"]"#
    );
    assert!(serde_json::from_str::<Target>("\"db\"").is_err());
    assert!(serde_json::from_str::<Order>("[\"failover\"]").is_err());
    Ok(())
}
