//! The values of a configuration.

use core::fmt;
use core::time::Duration;
use std::format;
use std::string::ToString as _;
use std::vec::Vec;

use super::duration;
use super::fault::{Fault, may_hold_secret, meant, quoted};
use super::key::Key;
use crate::Jitter;

/// The longest text that is read, in bytes.
pub(super) const LONGEST: usize = 64 * 1024;

/// The most delays that a list may have.
pub(super) const MOST_DELAYS: usize = 1024;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Duration(Duration),
    Delays(Vec<Duration>),
    /// No cap, no limit.
    Unlimited,
    Factor(f64),
    Jitter(Jitter),
    Number(u64),
    Flag(bool),
    /// Of a list: whether its end is the end.
    Ends(bool),
}

/// The words that a value of `key` may be.
fn words(key: Key) -> &'static [&'static str] {
    match key {
        Key::Jitter => &["none", "full", "equal"],
        Key::Last => &["repeats", "ends"],
        Key::FirstImmediate => &["true", "false"],
        _ if key.may_be_none() => &["none"],
        _ => &[],
    }
}

impl Value {
    /// Reads the value of `key`.
    pub(super) fn parse(key: Key, text: &str) -> Result<Self, Fault> {
        let value = match key {
            _ if text.len() > LONGEST || may_hold_secret(text) => None,
            _ if key.may_be_none() && matches!(text, "none" | "never") => Some(Self::Unlimited),
            Key::Delay | Key::Initial | Key::Round | Key::Step | Key::Cap | Key::MaxTotal => {
                return duration::parse(text).map(Self::Duration);
            }
            Key::Delays => return parse_delays(text),
            Key::Factor => text.parse().ok().and_then(Self::factor),
            Key::Jitter => match text {
                "none" => Some(Self::Jitter(Jitter::None)),
                "full" => Some(Self::Jitter(Jitter::Full)),
                "equal" => Some(Self::Jitter(Jitter::Equal)),
                _ => parse_share(text).and_then(Self::share),
            },
            Key::MaxRetries | Key::Seed => {
                let number = text.parse().ok();
                number.and_then(|number| Self::number(key, number))
            }
            Key::Last if text == "repeats" => Some(Self::Ends(false)),
            Key::Last => (text == "ends").then_some(Self::Ends(true)),
            Key::FirstImmediate => text.parse().ok().map(Self::Flag),
        };
        value.ok_or_else(|| {
            let meant = meant(text, words(key).iter().copied());
            let message = format!("{} is not {}{meant}", quoted(text), key.expectation());
            Fault::new(message, 0..text.len())
        })
    }

    pub(super) fn factor(factor: f64) -> Option<Self> {
        (factor >= 1.0 && factor.is_finite()).then_some(Self::Factor(factor))
    }

    pub(super) fn share(share: f64) -> Option<Self> {
        (0.0..=1.0)
            .contains(&share)
            .then_some(Self::Jitter(Jitter::Proportional(share)))
    }

    pub(super) fn number(key: Key, number: u64) -> Option<Self> {
        (key == Key::Seed || u32::try_from(number).is_ok()).then_some(Self::Number(number))
    }
}

fn parse_share(text: &str) -> Option<f64> {
    match text.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().ok().map(|percent| percent / 100.0),
        None => text.parse().ok(),
    }
}

fn parse_delays(text: &str) -> Result<Value, Fault> {
    if text.is_empty() {
        return Ok(Value::Delays(Vec::new()));
    }
    let mut delays = Vec::new();
    let mut at = 0;
    for part in text.split('/') {
        if delays.len() == MOST_DELAYS {
            return Err(Fault::new(
                format!("the list has more than {MOST_DELAYS} delays"),
                at..text.len(),
            ));
        }
        delays.push(duration::parse(part).map_err(|fault| fault.offset(at))?);
        at += part.len() + 1;
    }
    Ok(Value::Delays(delays))
}

/// Writes what [`Value::parse`] reads.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration(duration) => duration::write(f, *duration),
            Self::Delays(delays) => {
                for (i, delay) in delays.iter().enumerate() {
                    f.write_str(if i == 0 { "" } else { "/" })?;
                    duration::write(f, *delay)?;
                }
                Ok(())
            }
            Self::Unlimited | Self::Jitter(Jitter::None) => f.write_str("none"),
            Self::Factor(factor) if *factor < 1e15 => write!(f, "{factor}"),
            Self::Factor(factor) => write!(f, "{factor:?}"),
            Self::Jitter(Jitter::Full) => f.write_str("full"),
            Self::Jitter(Jitter::Equal) => f.write_str("equal"),
            Self::Jitter(Jitter::Proportional(share)) => write_share(f, *share),
            Self::Number(number) => write!(f, "{number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Ends(true) => f.write_str("ends"),
            Self::Ends(false) => f.write_str("repeats"),
        }
    }
}

/// Writes a share so that it is read back to the last bit: in percent where that is short, and as it is otherwise.
fn write_share(f: &mut fmt::Formatter<'_>, share: f64) -> fmt::Result {
    // A negative zero is a share, too; with its sign it would be read as no option.
    let share = share.abs();
    let percent = format!("{}%", (share * 100_000.0).round() / 1_000.0);
    let text = if parse_share(&percent) == Some(share) {
        percent
    } else {
        share.to_string()
    };
    f.write_str(&text)
}
