//! The keys of a configuration, in text: what files, lines, the environment and flags share.

use std::fmt::{self, Display};
use std::str::FromStr;
use std::time::Duration;

use schmoozer_backoff::{format_duration, parse_duration};

use crate::UnknownWord;
use crate::word::quoted;

/// The longest line that is read, in bytes.
const LONGEST: usize = 64 * 1024;

/// Says which key of a configuration is wrong, and what is allowed there.
///
/// It quotes a value only where that cannot hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidConfig(String);

impl InvalidConfig {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    fn at(key: &str, why: &str) -> Self {
        Self(format!("`{key}`: {why}"))
    }
}

/// One setting of `C`: its name, how text sets it, and how it is written.
pub(crate) struct Key<C> {
    pub(crate) name: &'static str,
    pub(crate) set: fn(&mut C, &str) -> Result<(), String>,
    pub(crate) get: fn(&C) -> String,
}

/// A configuration that is a list of keys. In a line, the name of the first one may be left out.
pub(crate) trait Keyed: Sized + 'static {
    const KEYS: &'static [Key<Self>];

    /// What each setting is where it is left out.
    fn unset() -> Self;

    /// Refuses a configuration without what it needs.
    fn complete(self) -> Result<Self, InvalidConfig> {
        Ok(self)
    }

    /// Finds the key with this name.
    fn key(name: &str) -> Result<&'static Key<Self>, InvalidConfig> {
        let found = Self::KEYS.iter().find(|key| key.name == name);
        found.ok_or_else(|| {
            let names: Vec<_> = Self::KEYS.iter().map(|key| key.name).collect();
            InvalidConfig(UnknownWord::new("key", name, &names).to_string())
        })
    }

    fn set_key(&mut self, name: &str, text: &str) -> Result<(), InvalidConfig> {
        let key = Self::key(name)?;
        (key.set)(self, text).map_err(|why| InvalidConfig::at(name, &why))
    }

    /// Yields the first key, and those others that are not as [`unset`](Self::unset) has them.
    fn written(&self) -> impl Iterator<Item = (&'static str, String)> {
        let unset = Self::unset();
        let keys = Self::KEYS.iter().enumerate();
        keys.filter_map(move |(i, key)| {
            let text = (key.get)(self);
            (i == 0 || text != (key.get)(&unset)).then_some((key.name, text))
        })
    }

    /// Writes what [`read_line`](Self::read_line) reads.
    fn write_line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, text)) in self.written().enumerate() {
            match i {
                0 => f.write_str(&text)?,
                _ => write!(f, ";{name}={text}")?,
            }
        }
        Ok(())
    }

    fn read_line(line: &str) -> Result<Self, InvalidConfig> {
        if line.len() > LONGEST {
            let why = format!("a configuration has at most {LONGEST} bytes in one line");
            return Err(InvalidConfig(why));
        }
        let secret = may_hold_secret(line);
        let mut config = Self::unset();
        let mut given = Vec::new();
        let parts = line.split(';').map(str::trim).enumerate();
        for (i, part) in parts.filter(|(_, part)| !part.is_empty()) {
            let (name, text) = match part.split_once('=') {
                Some((name, text)) if !name.contains(':') => (name.trim(), text.trim()),
                _ if i == 0 => (Self::KEYS[0].name, part),
                _ => (part, ""),
            };
            let key =
                Self::key(name).or_else(|why| if secret { Self::key(line) } else { Err(why) })?;
            if given.contains(&name) {
                return Err(InvalidConfig::at(name, "given twice"));
            }
            given.push(name);
            (key.set)(&mut config, text)
                .map_err(|why| InvalidConfig::at(name, if secret { WITHHELD } else { &why }))?;
        }
        config.complete()
    }
}

/// What an error says in place of a text that may hold a secret.
pub(crate) const WITHHELD: &str =
    "malformed; not shown, since the text has a URL or user information";

/// Whether a text of several parts may hold a secret: one part may have the secret, and another one the sign of it.
pub(crate) fn may_hold_secret(text: &str) -> bool {
    ["@", "＠", "://", "%40"]
        .iter()
        .any(|sign| text.contains(sign))
}

pub(crate) fn read<T: FromStr<Err: Display>>(into: &mut T, text: &str) -> Result<(), String> {
    *into = text.parse().map_err(|why: T::Err| why.to_string())?;
    Ok(())
}

pub(crate) fn read_some(into: &mut Option<Duration>, text: &str) -> Result<(), String> {
    *into = Some(duration(text)?);
    Ok(())
}

pub(crate) fn read_limit(into: &mut Option<Duration>, text: &str) -> Result<(), String> {
    *into = match text {
        "none" | "never" => None,
        text => {
            let neither = |_| {
                format!(
                    "{} is neither a duration such as 250ms nor none",
                    quoted(text)
                )
            };
            Some(duration(text).map_err(neither)?)
        }
    };
    Ok(())
}

/// Reads a duration as in the configuration of a policy.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|_| format!("{} is no duration such as 250ms", quoted(text)))
}

/// Writes a duration as in the configuration of a policy.
pub(crate) fn written(duration: impl Into<Option<Duration>>) -> String {
    duration
        .into()
        .map_or_else(|| "none".to_owned(), format_duration)
}
