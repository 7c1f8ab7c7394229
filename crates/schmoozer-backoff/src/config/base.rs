//! Which policy: everything that one policy of a configuration has and the others have not.

use core::time::Duration;
use std::sync::Arc;

use super::PolicyConfig;
use super::key::Key;
use super::settings::Settings;
use super::value::Value;
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

/// The words of one policy.
pub(super) struct Words {
    pub(super) name: &'static str,
    /// Its own keys. The first says which policy it is: without it there is none.
    keys: &'static [Key],
    pub(super) read: fn(&mut Settings) -> Option<Base>,
    /// What all policies have, where it is left out.
    pub(super) shape: Shape,
}

static POLICIES: [Words; 7] = [
    Words {
        name: "constant",
        keys: &[Key::Delay],
        read: |given| given.duration(Key::Delay).map(Base::Constant),
        shape: Shape::PLAIN,
    },
    Words {
        name: "linear",
        keys: &[Key::Initial, Key::Step],
        read: |given| {
            let initial = given.duration(Key::Initial)?;
            let step = given.duration(Key::Step).unwrap_or(initial);
            Some(Base::Linear { initial, step })
        },
        shape: Shape::PLAIN,
    },
    Words {
        name: "exponential",
        keys: &[Key::Initial, Key::Factor],
        read: |given| {
            let Exponential {
                initial, factor, ..
            } = Exponential::default();
            Some(Base::Exponential {
                initial: given.duration(Key::Initial).unwrap_or(initial),
                factor: given.factor().unwrap_or(factor),
            })
        },
        shape: Exponential::default().shape,
    },
    Words {
        name: "fibonacci",
        keys: &[Key::Initial],
        read: |given| given.duration(Key::Initial).map(Base::Fibonacci),
        shape: Shape::PLAIN,
    },
    Words {
        name: "decorrelated",
        keys: &[Key::Initial],
        read: |given| given.duration(Key::Initial).map(Base::Decorrelated),
        shape: Shape::PLAIN,
    },
    Words {
        name: "rounds",
        keys: &[Key::Round],
        read: |given| given.duration(Key::Round).map(Base::Rounds),
        shape: Shape::PLAIN,
    },
    Words {
        name: "sequence",
        keys: &[Key::Delays, Key::Last],
        read: |given| {
            let once = given.flag(Key::Last);
            given.delays().map(|delays| Base::Sequence { delays, once })
        },
        shape: Shape::PLAIN,
    },
];

impl Words {
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        POLICIES.iter().find(|words| words.name == name)
    }

    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        POLICIES.iter().map(|words| words.name)
    }

    pub(super) const fn first_key(&self) -> Key {
        self.keys[0]
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        self.keys.iter().copied().chain(Key::SHAPE)
    }
}

impl Base {
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
            Self::Sequence { delays, once } => Sequence {
                delays,
                once,
                shape,
            }
            .base(),
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
