//! The keys of a configuration, in text: what files, lines, the environment and flags share.

use std::fmt::{self, Display};
use std::str::FromStr;
use std::time::Duration;

use schmoozer_backoff::{format_duration, parse_duration};

use crate::InvalidConfig;
use crate::invalid_config::{may_hold_secret, quoted};

/// The longest line that is read, in bytes.
const LONGEST: usize = 64 * 1024;

/// A configuration that is a list of keys, each with a text.
pub(super) trait Keyed: Sized {
    /// What each setting is where it is left out.
    fn unset() -> Self;

    /// Returns each key with its text. In a line, the name of the first one may be left out.
    fn settings(&self) -> Vec<(&'static str, String)>;

    /// Reads the text of one of these keys.
    fn read(&mut self, key: &str, text: &str) -> Result<(), String>;

    /// Refuses a configuration without what it needs.
    fn complete(self) -> Result<Self, InvalidConfig> {
        Ok(self)
    }

    fn names() -> Vec<&'static str> {
        let settings = Self::unset().settings();
        settings.into_iter().map(|(name, _)| name).collect()
    }

    /// Refuses a name that no key has, and quotes `given`.
    fn check_name(name: &str, given: &str) -> Result<(), InvalidConfig> {
        let names = Self::names();
        if names.contains(&name) {
            return Ok(());
        }
        Err(InvalidConfig::unknown("key", given, &names))
    }

    /// Sets a key to a text that may be a part of a line.
    fn set_key(&mut self, name: &str, text: &str, line: &str) -> Result<(), InvalidConfig> {
        Self::check_name(name, if may_hold_secret(line) { line } else { name })?;
        let read = self.read(name, text);
        read.map_err(|why| invalid(name, &withheld(why, line)))
    }

    /// Returns the first key, and those others that are not as [`unset`](Self::unset) has them.
    fn written(&self) -> Vec<(&'static str, String)> {
        let (mut settings, unset) = (self.settings(), Self::unset().settings());
        let first = settings[0].0;
        settings.retain(|setting| setting.0 == first || !unset.contains(setting));
        settings
    }

    /// Writes what [`read_line`](Self::read_line) reads.
    fn write_line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.written();
        f.write_str(&settings[0].1)?;
        let mut others = settings[1..].iter();
        others.try_for_each(|(name, text)| write!(f, ";{name}={text}"))
    }

    fn read_line(line: &str) -> Result<Self, InvalidConfig> {
        if line.len() > LONGEST {
            let why = format!("a configuration has at most {LONGEST} bytes in one line");
            return Err(InvalidConfig(why));
        }
        let mut config = Self::unset();
        let mut set = Vec::new();
        for (i, part) in line.split(';').map(str::trim).enumerate() {
            let (name, text) = match part.split_once('=') {
                _ if part.is_empty() => continue,
                Some((name, text)) if !name.contains(':') => (name.trim(), text.trim()),
                _ if i == 0 => (Self::names()[0], part),
                _ => (part, ""),
            };
            if set.contains(&name) {
                return Err(invalid(name, "given twice"));
            }
            config.set_key(name, text, line)?;
            set.push(name);
        }
        config.complete()
    }
}

pub(super) fn invalid(key: &str, why: &str) -> InvalidConfig {
    InvalidConfig(format!("`{key}`: {why}"))
}

/// Returns what is wrong with a part of `whole`, unless that may hold a secret.
pub(super) fn withheld(why: String, whole: &str) -> String {
    if may_hold_secret(whole) {
        return "malformed; not shown, since the text has a URL or user information".to_owned();
    }
    why
}

pub(super) fn word<T: FromStr<Err: Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|why: T::Err| why.to_string())
}

/// Reads a duration as in the configuration of a policy.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|_| format!("{} is no duration such as 250ms", quoted(text)))
}

/// Reads a duration, or that there is none.
pub(super) fn limit(text: &str) -> Result<Option<Duration>, String> {
    match text {
        "none" | "never" => Ok(None),
        _ => duration(text)
            .map(Some)
            .map_err(|why| format!("{why}, and not none")),
    }
}

/// Writes what [`limit`] reads.
pub(super) fn written(duration: Option<Duration>) -> String {
    duration.map_or_else(|| "none".to_owned(), format_duration)
}
