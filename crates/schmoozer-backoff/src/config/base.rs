//! Which policy: everything that one policy of a configuration has and the others have not.

use core::time::Duration;
use std::sync::Arc;

use super::PolicyConfig;
use super::key::Key;
use super::settings::Settings;
use super::value::Value;
use crate::base::Base as Progress;
use crate::shape::Shape;
use crate::{
    Constant, Decorrelated, Delays, Exponential, Fibonacci, Linear, Listed, Rounds, Sequence,
};

/// A policy without the options that all of them have.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Base {
    Constant(Duration),
    Linear { initial: Duration, step: Duration },
    Exponential { initial: Duration, factor: f64 },
    Fibonacci(Duration),
    Decorrelated(Duration),
    Rounds(Duration),
    Sequence { delays: Arc<[Duration]>, once: bool },
}

/// The name of a policy and its own keys. Without the first key there is no such policy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Words(&'static str, &'static [Key]);

const EXPONENTIAL: Words = Words("exponential", &[Key::Initial, Key::Factor]);

const POLICIES: [Words; 7] = [
    Words("constant", &[Key::Delay]),
    Words("linear", &[Key::Initial, Key::Step]),
    EXPONENTIAL,
    Words("fibonacci", &[Key::Initial]),
    Words("decorrelated", &[Key::Initial]),
    Words("rounds", &[Key::Round]),
    Words("sequence", &[Key::Delays, Key::Last]),
];

impl Words {
    pub(super) fn find(name: &str) -> Option<Self> {
        POLICIES.into_iter().find(|words| words.0 == name)
    }

    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        POLICIES.into_iter().map(Self::name)
    }

    pub(super) const fn name(self) -> &'static str {
        self.0
    }

    pub(super) const fn first_key(self) -> Key {
        self.1[0]
    }

    pub(super) fn keys(self) -> impl Iterator<Item = Key> {
        self.1.iter().copied().chain(Key::of_all())
    }

    /// What all policies have, where it is left out.
    pub(super) fn shape(self) -> Shape {
        if self == EXPONENTIAL {
            Exponential::default().shape
        } else {
            Shape::PLAIN
        }
    }
}

impl Base {
    /// Reads the policy that `words` name; `None` if its first key is missing.
    pub(super) fn read(words: Words, given: &mut Settings) -> Option<Self> {
        let default = Exponential::default();
        let first = given.duration(words.first_key());
        let once = given.flag(Key::Last);
        Some(match words.name() {
            "constant" => Self::Constant(first?),
            "linear" => Self::Linear {
                initial: first?,
                step: given.duration(Key::Step).or(first)?,
            },
            "exponential" => Self::Exponential {
                initial: first.unwrap_or(default.initial),
                factor: given.factor().unwrap_or(default.factor),
            },
            "fibonacci" => Self::Fibonacci(first?),
            "decorrelated" => Self::Decorrelated(first?),
            "rounds" => Self::Rounds(first?),
            _ => Self::Sequence {
                delays: given.delays()?,
                once,
            },
        })
    }

    /// The delays of one sequence, shaped as `shape` says.
    pub(super) fn delays(self, shape: Shape) -> Delays<Listed<Arc<[Duration]>>> {
        let base = match self {
            Self::Constant(delay) => Constant::new(delay).base(),
            Self::Linear { initial, step } => Linear::new(initial).step(step).base(),
            Self::Exponential { initial, factor } => {
                Exponential::new(initial).factor(factor).base()
            }
            Self::Fibonacci(initial) => Fibonacci::new(initial).base(),
            Self::Decorrelated(initial) => Decorrelated::new(initial).base(),
            Self::Rounds(round) => Rounds::new(round).base(),
            Self::Sequence { delays, once } => Progress::Other(Listed::new(delays, once)),
        };
        Delays::new(base, shape)
    }

    /// The policy in words: its name, the value of its first key, and another key that it may have.
    pub(super) fn words(&self) -> (&'static str, Value, Option<(Key, Value)>) {
        match self {
            Self::Constant(delay) => ("constant", Value::Duration(*delay), None),
            Self::Linear { initial, step } => {
                let step = (Key::Step, Value::Duration(*step));
                ("linear", Value::Duration(*initial), Some(step))
            }
            Self::Exponential { initial, factor } => {
                let factor = (Key::Factor, Value::Factor(*factor));
                ("exponential", Value::Duration(*initial), Some(factor))
            }
            Self::Fibonacci(initial) => ("fibonacci", Value::Duration(*initial), None),
            Self::Decorrelated(initial) => ("decorrelated", Value::Duration(*initial), None),
            Self::Rounds(round) => ("rounds", Value::Duration(*round), None),
            Self::Sequence { delays, once } => {
                let last = once.then_some((Key::Last, Value::Ends(true)));
                ("sequence", Value::Delays(delays.to_vec()), last)
            }
        }
    }
}

/// Turns a policy from code into one of a configuration.
macro_rules! from_policies {
    ($($policy:ty: $given:ident => $base:expr),+ $(,)?) => {$(
        impl From<$policy> for PolicyConfig {
            fn from($given: $policy) -> Self {
                Self { shape: $given.shape, base: $base }
            }
        }
    )+};
}

from_policies! {
    Constant: given => Base::Constant(given.delay),
    Linear: given => Base::Linear { initial: given.initial, step: given.step },
    Exponential: given => Base::Exponential { initial: given.initial, factor: given.factor },
    Fibonacci: given => Base::Fibonacci(given.initial),
    Decorrelated: given => Base::Decorrelated(given.initial),
    Rounds: given => Base::Rounds(given.round),
    Sequence<Arc<[Duration]>>: given => Base::Sequence { delays: given.delays, once: given.once },
}
