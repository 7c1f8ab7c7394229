//! From options to a policy and back.

use core::time::Duration;
use std::format;
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

use super::PolicyConfig;
use super::base::{Base, Words};
use super::duration;
use super::key::{self, Key};
use super::value::Value;
use crate::Jitter;
use crate::shape::Shape;

/// The options that were given, each at most once.
#[derive(Debug, Default)]
pub(super) struct Settings([Option<Value>; Key::COUNT]);

/// What is wrong with options that are fine one by one, and which of them.
pub(super) struct Misfit(pub(super) Option<Key>, pub(super) String);

impl Settings {
    pub(super) fn has(&self, key: Key) -> bool {
        self.0[key as usize].is_some()
    }

    pub(super) fn set(&mut self, key: Key, value: Value) {
        self.0[key as usize] = Some(value);
    }

    pub(super) fn duration(&self, key: Key) -> Option<Duration> {
        match self.0[key as usize] {
            Some(Value::Duration(duration)) => Some(duration),
            _ => None,
        }
    }

    pub(super) fn factor(&self) -> Option<f64> {
        match self.0[Key::Factor as usize] {
            Some(Value::Factor(factor)) => Some(factor),
            _ => None,
        }
    }

    pub(super) fn flag(&self, key: Key) -> bool {
        matches!(
            self.0[key as usize],
            Some(Value::Flag(true) | Value::Ends(true))
        )
    }

    pub(super) fn delays(&mut self) -> Option<Arc<[Duration]>> {
        match self.0[Key::Delays as usize].take() {
            Some(Value::Delays(delays)) => Some(delays.into()),
            _ => None,
        }
    }

    fn number(&self, key: Key) -> Option<u64> {
        match self.0[key as usize] {
            Some(Value::Number(number)) => Some(number),
            _ => None,
        }
    }

    fn shape(&self, default: Shape) -> Shape {
        let retries = self.number(Key::MaxRetries);
        Shape {
            jitter: match self.0[Key::Jitter as usize] {
                Some(Value::Jitter(jitter)) => jitter,
                _ => default.jitter,
            },
            cap: if self.has(Key::Cap) {
                self.duration(Key::Cap)
            } else {
                default.cap
            },
            max_retries: retries.and_then(|retries| u32::try_from(retries).ok()),
            max_total: self.duration(Key::MaxTotal),
            first_immediate: self.flag(Key::FirstImmediate),
            seed: self.number(Key::Seed),
        }
    }

    /// Builds the policy that `words` name of these options.
    pub(super) fn build(mut self, words: Words) -> Result<PolicyConfig, Misfit> {
        let (name, first) = (words.name(), words.first_key());
        let stranger = |key: &Key| self.has(*key) && !words.keys().any(|known| known == *key);
        if let Some(key) = Key::all().find(stranger) {
            let (key_name, keys) = (key.as_str(), key::names(words.keys()));
            let message = format!("`{key_name}` is not an option of `{name}`, which takes {keys}");
            return Err(Misfit(Some(key), message));
        }
        let default_cap = words.shape().cap.filter(|_| !self.has(Key::Cap));
        if let Some(cap) = default_cap.filter(|cap| self.duration(first) > Some(*cap)) {
            let (first_name, cap) = (first.as_str(), duration::format_duration(cap));
            let message = format!(
                "`{first_name}` is above the default `cap` of {cap}: give `cap` too, or none"
            );
            return Err(Misfit(Some(first), message));
        }
        let shape = self.shape(words.shape());
        let base = Base::read(words, &mut self)
            .ok_or_else(|| Misfit(None, format!("`{name}` needs `{}`", first.as_str())))?;
        Ok(PolicyConfig { base, shape })
    }
}

impl PolicyConfig {
    /// The policy in words: what [`Settings::build`] makes it of.
    pub(super) fn settings(&self) -> (&'static str, Vec<(Key, Value)>) {
        let (name, first, other) = self.base.words();
        let shape = self.shape;
        let (first_key, default) = Words::find(name).map_or((Key::Delay, Shape::PLAIN), |words| {
            (words.first_key(), words.shape())
        });
        // What is not written is read as the default, which must then be none.
        let unlimited = default.cap.map(|_| Value::Unlimited);
        let jitter = (shape.jitter != Jitter::None || default.jitter != Jitter::None)
            .then_some(Value::Jitter(shape.jitter));
        let retries = shape.max_retries.map(u64::from);
        let options = [
            (Key::Cap, shape.cap.map(Value::Duration).or(unlimited)),
            (Key::Jitter, jitter),
            (Key::MaxRetries, retries.map(Value::Number)),
            (Key::MaxTotal, shape.max_total.map(Value::Duration)),
            (
                Key::FirstImmediate,
                shape.first_immediate.then_some(Value::Flag(true)),
            ),
            (Key::Seed, shape.seed.map(Value::Number)),
        ];
        let mut settings = Vec::from([(first_key, first)]);
        for (key, value) in options {
            settings.extend(value.map(|value| (key, value)));
            if key == Key::Cap {
                settings.extend(other.clone());
            }
        }
        (name, settings)
    }
}
