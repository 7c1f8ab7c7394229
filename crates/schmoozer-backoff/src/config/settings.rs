//! From options to a policy and back.

use core::time::Duration;
use std::format;
use std::string::String;
use std::sync::Arc;
use std::vec::Vec;

use super::PolicyConfig;
use super::duration;
use super::key::{Key, Name};
use super::value::Value;
use crate::shape::Shape;
use crate::{Constant, Decorrelated, Exponential, Fibonacci, Jitter, Linear, Rounds, Sequence};

/// The options that were given, each at most once.
#[derive(Debug, Default)]
pub(super) struct Settings([Option<Value>; Key::ALL.len()]);

/// What is wrong with options that are fine one by one, and which of them.
pub(super) struct Misfit {
    pub(super) key: Option<Key>,
    pub(super) message: String,
}

impl Settings {
    pub(super) fn has(&self, key: Key) -> bool {
        self.0[key as usize].is_some()
    }

    pub(super) fn set(&mut self, key: Key, value: Value) {
        self.0[key as usize] = Some(value);
    }

    fn duration(&self, key: Key) -> Option<Duration> {
        match &self.0[key as usize] {
            Some(Value::Duration(duration)) => Some(*duration),
            _ => None,
        }
    }

    fn flag(&self, key: Key) -> bool {
        matches!(
            self.0[key as usize],
            Some(Value::Flag(true) | Value::Ends(true))
        )
    }

    fn shape(&self, default: Shape) -> Shape {
        let number = |key: Key| match self.0[key as usize] {
            Some(Value::Number(number)) => Some(number),
            _ => None,
        };
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
            max_retries: number(Key::MaxRetries).and_then(|number| u32::try_from(number).ok()),
            max_total: self.duration(Key::MaxTotal),
            first_immediate: self.flag(Key::FirstImmediate),
            seed: number(Key::Seed),
        }
    }

    /// Builds the policy `name` of these options.
    pub(super) fn build(mut self, name: Name) -> Result<PolicyConfig, Misfit> {
        if let Some(key) = Key::ALL
            .into_iter()
            .find(|key| self.has(*key) && !name.takes(*key))
        {
            let (key_name, name, keys) = (key.as_str(), name.as_str(), name.keys());
            let message = format!("`{key_name}` is not an option of `{name}`, which takes {keys}");
            return Err(Misfit {
                key: Some(key),
                message,
            });
        }
        let first = self.duration(name.first_key());
        let required = || {
            let (key, name) = (name.first_key().as_str(), name.as_str());
            Misfit {
                key: None,
                message: format!("`{name}` needs `{key}`"),
            }
        };
        let shape = self.shape(Shape::PLAIN);
        Ok(match name {
            Name::Constant => Constant {
                delay: first.ok_or_else(required)?,
                shape,
            }
            .into(),
            Name::Linear => {
                let initial = first.ok_or_else(required)?;
                Linear {
                    initial,
                    step: self.duration(Key::Step).unwrap_or(initial),
                    shape,
                }
                .into()
            }
            Name::Exponential => self.exponential()?.into(),
            Name::Fibonacci => Fibonacci {
                initial: first.ok_or_else(required)?,
                shape,
            }
            .into(),
            Name::Decorrelated => Decorrelated {
                initial: first.ok_or_else(required)?,
                shape,
            }
            .into(),
            Name::Rounds => Rounds {
                round: first.ok_or_else(required)?,
                shape,
            }
            .into(),
            Name::Sequence => {
                let Some(Value::Delays(delays)) = self.0[Key::Delays as usize].take() else {
                    return Err(required());
                };
                Sequence {
                    delays: Arc::from(delays),
                    once: self.flag(Key::Last),
                    shape,
                }
                .into()
            }
        })
    }

    fn exponential(&self) -> Result<Exponential, Misfit> {
        let default = Exponential::default();
        let shape = self.shape(default.shape);
        let initial = self.duration(Key::Initial).unwrap_or(default.initial);
        let default_cap = if self.has(Key::Cap) { None } else { shape.cap };
        if let Some(cap) = default_cap.filter(|cap| initial > *cap) {
            let cap = duration::to_string(cap);
            let message =
                format!("`initial` is above the default `cap` of {cap}: give `cap` too, or none");
            return Err(Misfit {
                key: Some(Key::Initial),
                message,
            });
        }
        let factor = match self.0[Key::Factor as usize] {
            Some(Value::Factor(factor)) => factor,
            _ => default.factor,
        };
        Ok(Exponential {
            initial,
            factor,
            shape,
        })
    }
}

impl PolicyConfig {
    /// The policy in words: what [`Settings::build`] makes it of.
    pub(super) fn settings(&self) -> (Name, Vec<(Key, Value)>) {
        let (name, first, shape) = match self {
            Self::Constant(policy) => (Name::Constant, Value::Duration(policy.delay), policy.shape),
            Self::Linear(policy) => (Name::Linear, Value::Duration(policy.initial), policy.shape),
            Self::Exponential(policy) => (
                Name::Exponential,
                Value::Duration(policy.initial),
                policy.shape,
            ),
            Self::Fibonacci(policy) => (
                Name::Fibonacci,
                Value::Duration(policy.initial),
                policy.shape,
            ),
            Self::Decorrelated(policy) => (
                Name::Decorrelated,
                Value::Duration(policy.initial),
                policy.shape,
            ),
            Self::Rounds(policy) => (Name::Rounds, Value::Duration(policy.round), policy.shape),
            Self::Sequence(policy) => (
                Name::Sequence,
                Value::Delays(policy.delays.to_vec()),
                policy.shape,
            ),
        };
        let explicit = name == Name::Exponential;
        let mut settings = Vec::from([(name.first_key(), first)]);
        match shape.cap {
            Some(cap) => settings.push((Key::Cap, Value::Duration(cap))),
            None if explicit => settings.push((Key::Cap, Value::NoCap)),
            None => {}
        }
        match self {
            Self::Linear(policy) => settings.push((Key::Step, Value::Duration(policy.step))),
            Self::Exponential(policy) => settings.push((Key::Factor, Value::Factor(policy.factor))),
            Self::Sequence(policy) if policy.once => settings.push((Key::Last, Value::Ends(true))),
            _ => {}
        }
        if explicit || shape.jitter != Jitter::None {
            settings.push((Key::Jitter, Value::Jitter(shape.jitter)));
        }
        settings.extend(
            shape
                .max_retries
                .map(|retries| (Key::MaxRetries, Value::Number(retries.into()))),
        );
        settings.extend(
            shape
                .max_total
                .map(|total| (Key::MaxTotal, Value::Duration(total))),
        );
        settings.extend(
            shape
                .first_immediate
                .then_some((Key::FirstImmediate, Value::Flag(true))),
        );
        settings.extend(shape.seed.map(|seed| (Key::Seed, Value::Number(seed))));
        (name, settings)
    }
}
