//! A dialer's settings in text: TOML, JSON and one line.

#![cfg(feature = "serde")]

mod secrets;

use std::fmt::{Debug, Display};
use std::time::Duration;

use schmoozer_tcp::{DialerConfig, Family, Keepalive, Order, ReconnectConfig, Target};
use secrets::forms;
use serde::de::DeserializeOwned;

const ALL: &str = r#"
    targets = ["db1.example.com:5432", "[::1]:5432"]
    order = "failover"
    family = "v6"
    timeout = "none"
    attempt_delay = "100ms"
    endpoint_delay = "1500ms"
    dead_after = "20s"
    keepalive_idle = "30s"
    keepalive_interval = "7s"
    keepalive_count = 4
    user_timeout = "45s"
"#;

fn keepalive() -> Keepalive {
    Keepalive::new()
        .idle(Duration::from_secs(30))
        .interval(Duration::from_secs(7))
        .count(4)
}

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
    assert_eq!(config.keepalive, Some(keepalive()));
    assert_eq!(config.user_timeout, Some(Duration::from_secs(45)));

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
        r#"{"targets":"db.example.com:5432"}"#
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
        .dead_after(Duration::from_secs(20))
        .keepalive(keepalive())
        .user_timeout(Duration::from_secs(45));
    assert_eq!(format!("{:?}", toml(ALL)?.dialer()?), format!("{dialer:?}"));
    Ok(())
}

/// Row 34: an error names the key, and says what is allowed.
#[test]
fn an_error_names_the_key_and_what_is_allowed() {
    let keys = "targets, order, family, timeout, attempt_delay, endpoint_delay, dead_after, keepalive_idle, \
        keepalive_interval, keepalive_count, user_timeout";
    for (text, message) in [
        ("", "`targets` is missing".to_owned()),
        ("targets = []", "`targets` is missing".to_owned()),
        ("targets = \"db\"", "`targets`: malformed target: the port is missing after \"db\", expected host:port".to_owned()),
        ("targets = 5", "`targets`: malformed target: the port is missing after \"5\", expected host:port".to_owned()),
        ("targets = true", "`targets`: expected a string or a list of them".to_owned()),
        ("order = \"failovr\"", "`order`: \"failovr\" is no order: expected in_turn, shuffled, failover; did you mean failover?".to_owned()),
        ("family = \"ipv4\"", "`family`: \"ipv4\" is no family: expected any, v4, v6; did you mean v4?".to_owned()),
        ("timeout = 5", "`timeout`: \"5\" is no duration such as 250ms, and not none".to_owned()),
        ("timeout = [\"5s\"]", "`timeout`: expected a string".to_owned()),
        ("timeout = -5", "`timeout`: \"-5\" is no duration such as 250ms, and not none".to_owned()),
        ("timeout = 1.5", "`timeout`: \"1.5\" is no duration such as 250ms, and not none".to_owned()),
        ("keepalive_count = -1", "`keepalive_count`: \"-1\" is no number from 1 to 127".to_owned()),
        ("keepalive_count = 4.0", "`keepalive_count`: \"4.0\" is no number from 1 to 127".to_owned()),
        ("keepalive_count = 200", "`keepalive_count`: \"200\" is no number from 1 to 127".to_owned()),
        ("user_timeout = \"none\"", "`user_timeout`: \"none\" is no duration such as 250ms".to_owned()),
        ("attempt_delay = \"none\"", "`attempt_delay`: \"none\" is no duration such as 250ms".to_owned()),
        ("timeout = \"5s,full\"", "`timeout`: \"5s,full\" is no duration such as 250ms, and not none".to_owned()),
        ("timeuot = \"5s\"", format!("\"timeuot\" is no key: expected {keys}; did you mean timeout?")),
        ("colour = 5", format!("\"colour\" is no key: expected {keys}")),
    ] {
        assert_eq!(toml(text), Err(message), "{text}");
    }
}

/// Asserts that something is refused, and that no part of the secret is told.
fn refused<T: Debug, E: Display + Debug>(form: &str, made: Result<T, E>) {
    let error = made.expect_err(form);
    let told = format!("{error} {error:#} {error:?}");
    assert!(!told.contains("hunter"), "{form:?}: {told}");
}

/// Puts `form` into a table, and reads that in both formats.
fn refused_in_a_table<C: Debug + DeserializeOwned>(key: &str, form: &str) {
    let list: Vec<&str> = form.split(',').collect();
    for value in [form.into(), serde_json::json!(list)] {
        let table = serde_json::json!({ key: value });
        let file = toml::to_string(&table).expect("a table");
        let read = toml::from_str::<C>(&file);
        refused(form, read.map_err(|error| error.message().to_owned()));
        refused(form, serde_json::from_value::<C>(table));
    }
}

/// Row 35: a URL or user information that was pasted into any place is not repeated.
#[test]
fn no_form_of_user_information_is_repeated_from_any_place() {
    for form in forms() {
        let form = form.as_str();
        refused(form, form.parse::<Target>());
        refused(form, form.parse::<Order>());
        refused(form, form.parse::<Family>());
        for line in [
            form.to_owned(),
            format!("db:1;{form}"),
            format!("db:1,{form}"),
        ] {
            refused(&line, line.parse::<DialerConfig>());
            refused(&line, line.parse::<ReconnectConfig>());
        }
        let set = DialerConfig::new([]).set(form, "1");
        refused(form, set);
        refused(form, ReconnectConfig::default().set(form, "1"));
        refused_in_a_table::<DialerConfig>(form, "1s");
        refused_in_a_table::<ReconnectConfig>(form, "1s");
        for key in [
            "targets",
            "order",
            "family",
            "timeout",
            "attempt_delay",
            "dead_after",
            "keepalive_idle",
            "keepalive_count",
        ] {
            let line = format!("{key}={form}");
            refused(&line, line.parse::<DialerConfig>());
            refused(form, DialerConfig::new([]).set(key, form));
            refused_in_a_table::<DialerConfig>(key, form);
        }
        for key in ["policy", "give_up_after", "stable_after"] {
            for form in [
                form.to_owned(),
                format!("constant:{form}"),
                format!("5{form}"),
            ] {
                let line = format!("{key}={form}");
                refused(&line, line.parse::<ReconnectConfig>());
                refused(&form, ReconnectConfig::default().set(key, &form));
                refused_in_a_table::<ReconnectConfig>(key, &form);
            }
        }
    }
}

/// Row 35: a path may be a token, and what is encoded after an address that has no brackets is no zone.
#[test]
fn no_path_and_no_encoded_text_is_repeated() {
    for form in [
        "db/hunter2",
        "/hunter2",
        "hunter2/",
        "hunter2/db",
        "db:1/hunter2?x",
        "dead::beef%40hunter2",
        "db:1/dead::beef%2540hunter2",
    ] {
        refused(form, form.parse::<DialerConfig>());
        refused(form, format!("db:1;{form}").parse::<DialerConfig>());
        refused(form, form.parse::<Order>());
        refused(form, form.parse::<Family>());
        refused(form, DialerConfig::new([]).set(form, "1"));
        refused(form, ReconnectConfig::default().set(form, "1"));
        refused_in_a_table::<DialerConfig>(form, "1s");
        for key in ["targets", "order", "family", "timeout", "keepalive_count"] {
            refused(form, format!("{key}={form}").parse::<DialerConfig>());
            refused(form, DialerConfig::new([]).set(key, form));
            refused_in_a_table::<DialerConfig>(key, form);
        }
        for key in ["give_up_after", "stable_after"] {
            refused(form, format!("{key}={form}").parse::<ReconnectConfig>());
            refused(form, ReconnectConfig::default().set(key, form));
            refused_in_a_table::<ReconnectConfig>(key, form);
        }
    }
}

/// The error's own `Display` prints the line.
#[test]
fn the_message_of_an_error_of_toml_holds_no_secret() {
    for file in [
        "targets = \"user:hunter2@db:1\"",
        "targets = \"db:1\" # hunter2\ntimeout = \"hunter2%40db\"",
        "targets = \"hunter2@db:1",
        "targets = [hunter2@db:1]",
        "hunter2@db:1",
    ] {
        let error = toml::from_str::<DialerConfig>(file).expect_err("it is malformed");
        assert!(error.to_string().contains("hunter2"), "{error}");
        assert!(!error.message().contains("hunter2"), "{}", error.message());
    }
}

/// The percent sign of a zone and that of a jitter are no signs of a secret.
#[test]
fn what_only_looks_encoded_is_named_in_an_error() {
    for zone in ["eth0", "12", "25", "eb0"] {
        let why = "`timeout`: \"x\" is no duration such as 250ms, and not none";
        for line in [
            format!("[fe80::1%{zone}]:80;timeout=x"),
            format!("db:1, [fe80::1%{zone}]:80;timeout=x"),
            format!("timeout=x;targets=[fe80::1%{zone}]:80"),
        ] {
            let error = line.parse::<DialerConfig>().expect_err("it is malformed");
            assert_eq!(error.to_string(), why, "{line}");
        }
        let mut config = DialerConfig::new([]);
        let set = config.set("targets", &format!("[fe80::1%{zone}]:80,db"));
        let why =
            "`targets`: malformed target: the port is missing after \"db\", expected host:port";
        assert_eq!(set.map_err(|why| why.to_string()), Err(why.to_owned()));
    }
    let line = "constant:1s,20%,max_retries=10;stable_after=5%";
    let error = line
        .parse::<ReconnectConfig>()
        .expect_err("it is malformed");
    let why = "`stable_after`: \"5%\" is no duration such as 250ms";
    assert_eq!(error.to_string(), why);
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

#[test]
fn a_line_holds_what_a_table_holds() -> Result<(), Box<dyn std::error::Error>> {
    let config = toml(ALL)?;
    let line = "db1.example.com:5432,[::1]:5432;order=failover;family=v6;timeout=none;attempt_delay=100ms;\
        endpoint_delay=1500ms;dead_after=20s;keepalive_idle=30s;keepalive_interval=7s;keepalive_count=4;user_timeout=45s";
    assert_eq!(config.to_string(), line);
    assert_eq!(line.parse(), Ok(config.clone()));
    let spaced = line
        .replace(';', " ; ")
        .replace(',', " , ")
        .replace('=', " = ");
    assert_eq!(spaced.parse(), Ok(config.clone()));
    assert_eq!(format!("targets={line};").parse(), Ok(config.clone()));
    assert_eq!(serde_json::from_value::<DialerConfig>(line.into())?, config);
    let unlimited = r#"{"targets": "db:1", "timeout": null}"#;
    assert_eq!(
        serde_json::from_str::<DialerConfig>(unlimited)?.timeout,
        None
    );
    Ok(())
}

#[test]
fn an_error_of_a_line_names_the_key_and_what_is_allowed() {
    for (line, message) in [
        ("", "`targets` is missing"),
        (";;", "`targets` is missing"),
        ("timeout=5s", "`targets` is missing"),
        (
            "db:1,",
            "`targets`: malformed target: the host is missing, expected host:port",
        ),
        ("db:1;timeout=5s;timeout=6s", "`timeout`: given twice"),
        ("db:1;targets=db:2", "`targets`: given twice"),
        (
            "db:1;order=failovr",
            "`order`: \"failovr\" is no order: expected in_turn, shuffled, failover; did you mean failover?",
        ),
        (
            "db:1;timeout=NaN",
            "`timeout`: \"NaN\" is no duration such as 250ms, and not none",
        ),
        (
            "db:1;attempt_delay=-1s",
            "`attempt_delay`: \"-1s\" is no duration such as 250ms",
        ),
        (
            "db:1;keepalive_count=0",
            "`keepalive_count`: \"0\" is no number from 1 to 127",
        ),
    ] {
        let error = line.parse::<DialerConfig>().map_err(|why| why.to_string());
        assert_eq!(error, Err(message.to_owned()), "{line}");
    }
    for (line, meant) in [
        ("db:1;timeuot=5s", "; did you mean timeout?"),
        ("db:1;failover", "\"failover\" is no key: expected targets"),
        ("db:1;=5s", "\"\" is no key: expected targets"),
    ] {
        let error = line.parse::<DialerConfig>().expect_err("it is malformed");
        assert!(error.to_string().contains(meant), "{error}");
    }
}

#[test]
fn hostile_lines_are_refused_in_a_short_error() {
    let long = "x".repeat(1_000_000);
    for line in [
        long.clone(),
        "db:1,".repeat(200_000),
        ";".repeat(1_000_000),
        format!("db:1;{}=1", &long[..60_000]),
        format!("db:1;timeout={}", &long[..60_000]),
        format!("db:1;timeout={}s", "9".repeat(60_000)),
        "db:1;timeout=\u{1b}[2J\n".to_owned(),
    ] {
        let error = line.parse::<DialerConfig>().expect_err("it is malformed");
        let error = error.to_string();
        assert!(error.len() < 400, "{error}");
        assert!(!error.contains(char::is_control), "{error:?}");
    }
}

#[test]
fn a_key_is_set_from_text_or_left_as_it_was() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = DialerConfig::new(["db:1".parse()?]);
    config.set("targets", "db1:1,db2:1")?;
    assert_eq!(config.targets.len(), 2);
    config.set("timeout", "never")?;
    let before = config.clone();
    for (key, text) in [("targets", "db3:1,db4"), ("timeout", "x"), ("timeuot", "")] {
        assert!(config.set(key, text).is_err());
    }
    assert_eq!(config, before);
    Ok(())
}

proptest::proptest! {
    #[test]
    fn no_line_panics_and_what_is_read_reads_back(line in "[dbxv46:1.,;=@% \\[\\]a-z_0-9µ-]{0,60}") {
        for line in [line.clone(), format!("db:1;{line}"), format!("db:1;timeout={line}")] {
            if let Ok(config) = line.parse::<DialerConfig>() {
                proptest::prop_assert_eq!(config.to_string().parse(), Ok(config));
            }
        }
    }

    #[test]
    fn every_configuration_reads_back(nanos in proptest::num::u64::ANY, seconds in proptest::num::u32::ANY) {
        let mut config = DialerConfig::new(["[fe80::1%3]:80".parse().expect("a target")]);
        config.timeout = Some(Duration::from_nanos(nanos));
        config.dead_after = None;
        config.keepalive = Some(Keepalive::new().idle(Duration::from_secs(seconds.into())).count(seconds));
        config.user_timeout = Some(Duration::from_nanos(nanos / 3));
        proptest::prop_assert_eq!(config.to_string().parse(), Ok(config));
    }
}
