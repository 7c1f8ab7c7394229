//! The settings: from a file, then from the environment, then from the command line.

use std::env;
use std::fs;
use std::ops::Range;
use std::path::Path;

use schmoozer_backoff::{Exponential, Jitter};
use schmoozer_tcp::{DialerConfig, ReconnectConfig};
use serde::Deserialize as _;
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
        Self::parse(&text).map_err(|Fault(span, message)| {
            let before = span.and_then(|span| text.get(..span.start));
            let line = before.map(|before| format!(":{}", before.matches('\n').count() + 1));
            format!("{shown}{}: {message}", line.unwrap_or_default())
        })
    }

    /// Has no targets if the file has none: the environment or the command line may name them.
    fn parse(text: &str) -> Result<Self, Fault> {
        let mut file = DeTable::parse(text)?;
        let missing = || Fault(None, "the table `upstream` is missing".to_owned());
        let mut upstream = file.get_mut().remove("upstream").ok_or_else(missing)?;
        if let Some((key, _)) = file.get_ref().iter().next() {
            // A name in quotes may be anything, and so a secret.
            let odd = |c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c));
            let plain = Some(key.get_ref()).filter(|name| !name.contains(odd));
            let name = plain.map_or("…", AsRef::as_ref);
            let why = format!("`{name}` is no key: expected `upstream` and `upstream.reconnect`");
            return Err(Fault(Some(key.span()), why));
        }
        let (mut reconnect, mut unnamed) = (None, false);
        if let DeValue::Table(table) = upstream.get_mut() {
            reconnect = table.remove("reconnect");
            let targets = table.get("targets").map(Spanned::get_ref);
            unnamed = targets.is_none_or(|it| it.as_array().is_some_and(|list| list.is_empty()));
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
            self.set(&name, &key, text)?;
        }
        Ok(())
    }

    /// Sets a key, or one of `reconnect`. An error says where the text `from` is.
    fn set(&mut self, from: &str, key: &str, text: &str) -> Result<(), String> {
        let set = match key.strip_prefix("reconnect_") {
            Some(key) => self.reconnect.set(key, text),
            None => self.dialer.set(key, text),
        };
        set.map_err(|error| format!("{from}: {error}"))
    }

    fn take_arguments(&mut self, args: &Args) -> Result<(), String> {
        let targets = (!args.targets.is_empty()).then(|| args.targets.join(","));
        for (key, text) in [
            ("targets", &targets),
            ("timeout", &args.connect_timeout),
            ("attempt_delay", &args.attempt_delay),
            ("keepalive_idle", &args.keepalive),
            ("reconnect_policy", &args.policy),
            ("reconnect_give_up_after", &args.give_up_after),
            ("reconnect_stable_after", &args.stable_after),
        ] {
            if let Some(text) = text {
                self.set("command line", key, text)?;
            }
        }
        let policy = &mut self.reconnect.policy;
        if let Some(initial) = args.initial_delay {
            *policy = Exponential::new(initial).jitter(Jitter::Equal).into();
        }
        if let Some(cap) = args.cap {
            *policy = policy.clone().cap(cap);
        }
        if let Some(attempts) = args.attempts {
            *policy = policy.clone().max_retries(attempts);
        }
        Ok(())
    }
}

/// Where in a file something is wrong, if that is known, and what.
struct Fault(Option<Range<usize>>, String);

/// The error's own `Display` prints the line, and so a secret that stands there.
impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self(error.span(), error.message().to_owned())
    }
}
