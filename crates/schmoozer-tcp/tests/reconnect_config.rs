//! How a connector reconnects, in text: TOML, JSON and one line.

#![cfg(feature = "serde")]

use std::io;
use std::time::Duration;

use schmoozer_tcp::{Connector, End};
use schmoozer_tcp::{Dialer, Failure, ReconnectConfig, RetryResult, TcpConnector};

fn toml(text: &str) -> Result<ReconnectConfig, String> {
    toml::from_str(text).map_err(|error| error.message().to_owned())
}

#[test]
fn every_key_is_read_and_written_again() -> Result<(), Box<dyn std::error::Error>> {
    let config = toml(
        r#"
            policy = { policy = "constant", delay = "2s", max_retries = 3 }
            give_up_after = "10m"
            stable_after = "1m"
        "#,
    )?;
    assert_eq!(config.policy.to_string(), "constant:2s,max_retries=3");
    assert_eq!(config.give_up_after, Some(Duration::from_secs(600)));
    assert_eq!(config.stable_after, Duration::from_secs(60));
    let json = serde_json::to_string(&config)?;
    assert_eq!(serde_json::from_str::<ReconnectConfig>(&json)?, config);
    assert_eq!(toml(&toml::to_string(&config)?)?, config);
    Ok(())
}

#[test]
fn what_is_left_out_is_as_a_connector_has_it() -> Result<(), Box<dyn std::error::Error>> {
    assert_eq!(toml("")?, ReconnectConfig::default());
    assert_eq!(toml("give_up_after = \"never\"")?.give_up_after, None);
    let short = toml("policy = \"constant:1s\"")?;
    assert_eq!(short.policy.to_string(), "constant:1s");
    Ok(())
}

/// Row 34: an error names the key, and says what is allowed.
#[test]
fn an_error_names_the_key_and_what_is_allowed() {
    let error = toml("give_up_aftr = \"1m\"").unwrap_err();
    assert!(
        error.contains("policy, give_up_after, stable_after"),
        "{error}"
    );
    assert!(error.contains("did you mean give_up_after?"), "{error}");
    let error = toml("stable_after = \"soon\"").unwrap_err();
    assert!(error.starts_with("`stable_after`: "), "{error}");
}

#[test]
fn a_line_is_a_policy_and_the_other_keys() -> Result<(), Box<dyn std::error::Error>> {
    let line = "sequence:1s/5s,last=ends;give_up_after=10m;stable_after=30s";
    let config: ReconnectConfig = line.parse()?;
    assert_eq!(config.policy.to_string(), "sequence:1s/5s,last=ends");
    assert_eq!(config.give_up_after, Some(Duration::from_secs(600)));
    assert_eq!(config.stable_after, Duration::from_secs(30));
    assert_eq!(config.to_string(), line);
    assert_eq!(
        serde_json::from_value::<ReconnectConfig>(line.into())?,
        config
    );

    let default = ReconnectConfig::default();
    assert_eq!("".parse(), Ok(default.clone()));
    assert_eq!(default.to_string().parse(), Ok(default.clone()));
    assert_eq!("give_up_after=never".parse(), Ok(default));
    let named = "stable_after=1m;policy=constant:delay=2s".parse::<ReconnectConfig>()?;
    assert_eq!(named.to_string(), "constant:2s;stable_after=1m");
    let mut set = named.clone();
    set.set("policy", "constant:3s")?;
    assert_eq!(set.to_string(), "constant:3s;stable_after=1m");
    let null: ReconnectConfig = serde_json::from_str(r#"{"give_up_after": null}"#)?;
    assert_eq!(null.give_up_after, None);
    Ok(())
}

#[test]
fn an_error_of_a_line_names_the_key_and_repeats_no_secret() {
    for (line, message) in [
        (
            "constant:1s,ful",
            "`policy`: `ful` is no option: expected a jitter",
        ),
        (
            "constant:1s;stable_after=never",
            "`stable_after`: \"never\" is no duration",
        ),
        (
            "constant:1s;give_up=1m",
            "expected policy, give_up_after, stable_after",
        ),
        ("x@hunter2;constant:1s", "`policy`: malformed; not shown"),
        ("constant:hunter2;@", "`policy`: malformed; not shown"),
    ] {
        let error = line.parse::<ReconnectConfig>().expect_err("malformed");
        let error = error.to_string();
        assert!(error.contains(message), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let error = "x".repeat(1_000_000).parse::<ReconnectConfig>();
    assert!(error.expect_err("too long").to_string().len() < 100);
}

#[tokio::test]
async fn each_setting_reaches_the_connector() -> Result<(), Box<dyn std::error::Error>> {
    let config = toml(
        r#"
            policy = "constant:2s"
            give_up_after = "5s"
            stable_after = "1m"
        "#,
    )?;
    let serve = async |_, _| io::Result::Ok(End::Exit);
    let dialer = Dialer::new("127.0.0.1:1")?;
    let mut connector = TcpConnector::new(dialer, serve).reconnect(&config);
    let stable = TcpConnector::new(Dialer::new("127.0.0.1:1")?, serve)
        .stable_after(Duration::from_secs(60))
        .lifecycle();
    assert_eq!(connector.lifecycle(), stable);

    let mut failure = Failure::new(io::Error::other("refused"));
    failure.outage = Duration::from_secs(3);
    let decided = connector.retry_delay(failure).await;
    assert!(matches!(decided, RetryResult::After(delay) if delay == Duration::from_secs(2)));
    let mut failure = Failure::new(io::Error::other("refused"));
    failure.outage = Duration::from_millis(3_001);
    let decided = connector.retry_delay(failure).await;
    assert!(matches!(decided, RetryResult::GiveUp(_)));
    Ok(())
}
