//! A policy in one line.

use core::fmt;
use core::ops::Range;
use core::str::FromStr;
use std::format;
use std::string::String;

use super::PolicyConfig;
use super::base::Words;
use super::fault::{ConfigError, Fault, may_hold_secret, meant, no_policy, quoted};
use super::key::{self, Key};
use super::settings::{Misfit, Settings};
use super::value::{LONGEST, Value};

impl FromStr for PolicyConfig {
    type Err = ConfigError;

    /// Reads a policy such as `exponential:250ms..30s,x2,full,max_retries=10`.
    ///
    /// # Errors
    ///
    /// Says which part of the text is wrong, and what is allowed there.
    fn from_str(text: &str) -> Result<Self, ConfigError> {
        if text.len() > LONGEST {
            let message = format!(
                "the text of a policy has at most {LONGEST} bytes, not {}",
                text.len()
            );
            return Err(ConfigError::new("", Fault::new(message, 0..0)));
        }
        // Before it is cut into parts: one part may hold the secret and another the sign of it.
        if may_hold_secret(text) {
            return Err(ConfigError::new(text, Fault::new(no_policy(text), 0..0)));
        }
        parse(text).map_err(|fault| ConfigError::new(text, fault))
    }
}

fn parse(text: &str) -> Result<PolicyConfig, Fault> {
    let (name_text, options) = text.split_once(':').unwrap_or((text, ""));
    let words = Words::find(name_text)
        .ok_or_else(|| Fault::new(no_policy(name_text), 0..name_text.len()))?;
    let mut given = Options {
        words,
        settings: Settings::default(),
        places: Default::default(),
    };
    if text.len() > name_text.len() {
        let mut at = name_text.len() + 1;
        for (i, option) in options.split(',').enumerate() {
            given.read(i == 0, option, at)?;
            at += option.len() + 1;
        }
    }
    given.settings.build(words).map_err(|Misfit(key, message)| {
        let (end, places) = (text.len()..text.len(), &given.places);
        Fault::new(message, key.map_or(end, |key| places[key as usize].clone()))
    })
}

struct Options {
    words: Words,
    settings: Settings,
    /// Where each option that was given stands in the text.
    places: [Range<usize>; Key::COUNT],
}

impl Options {
    /// Reads the `option` that stands at byte `at`.
    fn read(&mut self, first: bool, option: &str, at: usize) -> Result<(), Fault> {
        let digit = option.starts_with(|c: char| c.is_ascii_digit());
        let end = at + option.len();
        if let Some((key, value)) = option.split_once('=') {
            let place = at..at + key.len();
            let found = Key::find(key).ok_or_else(|| {
                let (name, keys) = (self.words.name(), key::names(self.words.keys()));
                let meant = self.meant(key, &[]);
                let key = quoted(key);
                let message = format!("unknown option {key}: `{name}` takes {keys}{meant}");
                Fault::new(message, place)
            })?;
            self.set(found, value, at + key.len() + 1..end)
        } else if first && digit && !option.ends_with('%') {
            let (delays, cap) = match option.split_once("..") {
                Some((delays, cap)) => (delays, Some(cap)),
                None => (option, None),
            };
            self.set(self.words.first_key(), delays, at..at + delays.len())?;
            cap.map_or(Ok(()), |cap| {
                self.set(Key::Cap, cap, at + delays.len() + 2..end)
            })
        } else if let Some(factor) = option.strip_prefix('x') {
            self.set(Key::Factor, factor, at + 1..end)
        } else if let Some(step) = option.strip_prefix('+') {
            self.set(Key::Step, step, at + 1..end)
        } else if option == Key::FirstImmediate.as_str() {
            self.set(Key::FirstImmediate, "true", at..end)
        } else if digit || matches!(option, "none" | "full" | "equal") {
            self.set(Key::Jitter, option, at..end)
        } else {
            let message = format!(
                "{} is no option: expected a jitter (none, full, equal or a share such as 20%), a factor such as x2, a \
                 step such as +1s, first_immediate, or key=value with one of {}{}",
                quoted(option),
                key::names(self.words.keys()),
                self.meant(option, &["none", "full", "equal"]),
            );
            Err(Fault::new(message, at..end))
        }
    }

    /// Asks whether a key of this policy, or one of `others`, was meant by `text`.
    fn meant(&self, text: &str, others: &'static [&'static str]) -> String {
        let keys = self.words.keys().map(Key::as_str);
        meant(text, keys.chain(others.iter().copied()))
    }

    /// Sets `key` to the `text` that stands at `place`.
    fn set(&mut self, key: Key, text: &str, place: Range<usize>) -> Result<(), Fault> {
        let name = key.as_str();
        if self.settings.has(key) {
            return Err(Fault::new(format!("`{name}` is given twice"), place));
        }
        let value = Value::parse(key, text).map_err(|fault| {
            Fault::new(format!("`{name}`: {}", fault.message), fault.at).offset(place.start)
        })?;
        self.settings.set(key, value);
        self.places[key as usize] = place;
        Ok(())
    }
}

/// Writes the policy in the form that `FromStr` reads.
impl fmt::Display for PolicyConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, settings) = self.settings();
        f.write_str(name)?;
        for (i, (key, value)) in settings.iter().enumerate() {
            let before = if i == 0 { ":" } else { "," };
            match key {
                Key::Delays if matches!(value, Value::Delays(delays) if delays.is_empty()) => {
                    f.write_str(":delays=")?;
                }
                Key::Delay | Key::Delays | Key::Initial | Key::Round => write!(f, ":{value}")?,
                Key::Cap if matches!(&settings[0].1, Value::Delays(delays) if delays.is_empty()) => {
                    write!(f, ",cap={value}")?;
                }
                Key::Cap => write!(f, "..{value}")?,
                Key::Factor => write!(f, "{before}x{value}")?,
                Key::Step => write!(f, "{before}+{value}")?,
                Key::Jitter => write!(f, "{before}{value}")?,
                Key::FirstImmediate => write!(f, "{before}first_immediate")?,
                Key::Last | Key::MaxRetries | Key::MaxTotal | Key::Seed => {
                    write!(f, "{before}{}={value}", key.as_str())?;
                }
            }
        }
        Ok(())
    }
}
