//! The settings: from a file, then from the environment, then from the command line.

use std::env;
use std::fs;
use std::path::Path;

use schmoozer_backoff::{Exponential, Jitter};
use schmoozer_tcp::{DialerConfig, ReconnectConfig};
use serde::Deserialize as _;
use serde::de::Error as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Error, ValueDeserializer};

use crate::Args;

/// How to connect, and to connect again.
pub(crate) struct Settings {
    pub(crate) dialer: DialerConfig,
    pub(crate) reconnect: ReconnectConfig,
}

impl Settings {
    pub(crate) fn read(args: &Args) -> Result<Self, String> {
        let mut settings = match &args.config {
            Some(path) => Self::of_file(path)?,
            None => Self {
                dialer: DialerConfig::new([]),
                reconnect: ReconnectConfig::default(),
            },
        };
        settings.take_environment()?;
        settings.take_arguments(args)?;
        match &args.config {
            Some(path) if settings.dialer.targets.is_empty() => {
                Err(format!("{}: `targets` is missing", path.display()))
            }
            _ => Ok(settings),
        }
    }

    fn of_file(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let text = fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
        Self::parse(&text).map_err(|error| {
            // The error's own `Display` prints the line, and so a secret that stands there.
            let message = error.message();
            match error.span().and_then(|span| text.get(..span.start)) {
                Some(before) => {
                    format!("{shown}:{}: {message}", before.matches('\n').count() + 1)
                }
                None => format!("{shown}: {message}"),
            }
        })
    }

    /// Has no targets if the file has none: the environment or the command line may name them.
    fn parse(text: &str) -> Result<Self, Error> {
        let mut file = DeTable::parse(text)?;
        let missing = || Error::custom("the table `upstream` is missing");
        let mut upstream = file.get_mut().remove("upstream").ok_or_else(missing)?;
        let (mut reconnect, mut unnamed) = (None, false);
        if let DeValue::Table(table) = upstream.get_mut() {
            reconnect = table.remove("reconnect");
            unnamed = !table.contains_key("targets");
            if unnamed {
                // A dialer's configuration is not read without any.
                let any = Spanned::new(0..0, DeValue::String("unnamed.invalid:1".into()));
                table.insert(Spanned::new(0..0, "targets".into()), any);
            }
        }
        let mut dialer = DialerConfig::deserialize(ValueDeserializer::from(upstream))?;
        if unnamed {
            dialer.targets.clear();
        }
        Ok(Self {
            dialer,
            reconnect: match reconnect {
                Some(table) => ReconnectConfig::deserialize(ValueDeserializer::from(table))?,
                None => ReconnectConfig::default(),
            },
        })
    }

    /// Takes `SCHMOOZE_TIMEOUT` for the dialer's key `timeout`, and `SCHMOOZE_RECONNECT_POLICY` for `policy`.
    fn take_environment(&mut self) -> Result<(), String> {
        for (name, text) in env::vars_os() {
            let name = name.to_string_lossy();
            let Some(key) = name.strip_prefix("SCHMOOZE_").map(str::to_lowercase) else {
                continue;
            };
            let text = text.to_str().ok_or(format!("{name}: not in UTF-8"))?;
            let set = match key.strip_prefix("reconnect_") {
                Some(key) => self.reconnect.set(key, text),
                None => self.dialer.set(&key, text),
            };
            set.map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(())
    }

    fn take_arguments(&mut self, args: &Args) -> Result<(), String> {
        let (dialer, reconnect) = (&mut self.dialer, &mut self.reconnect);
        if !args.targets.is_empty() {
            let targets = args.targets.iter().map(|target| target.parse());
            dialer.targets = targets
                .collect::<Result<_, _>>()
                .map_err(|error| format!("{error}"))?;
        }
        dialer.timeout = args.connect_timeout.or(dialer.timeout);
        dialer.attempt_delay = args.attempt_delay.or(dialer.attempt_delay);
        if let Some(idle) = args.keepalive {
            dialer.keepalive = Some(dialer.keepalive.unwrap_or_default().idle(idle));
        }
        if let Some(policy) = &args.policy {
            reconnect
                .set("policy", policy)
                .map_err(|error| format!("--policy: {error}"))?;
        }
        if let Some(initial) = args.initial_delay {
            let policy = Exponential::new(initial).jitter(Jitter::Equal);
            reconnect.policy = policy.into();
        }
        if let Some(cap) = args.cap {
            reconnect.policy = reconnect.policy.clone().cap(cap);
        }
        if let Some(attempts) = args.attempts {
            reconnect.policy = reconnect.policy.clone().max_retries(attempts);
        }
        reconnect.give_up_after = args.give_up_after.or(reconnect.give_up_after);
        reconnect.stable_after = args.stable_after.unwrap_or(reconnect.stable_after);
        Ok(())
    }
}
