//! The words of a configuration: names of policies and of their options.

use std::string::String;

use super::fault::listed;

/// Which policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Constant,
    Linear,
    Exponential,
    Fibonacci,
    Decorrelated,
    Rounds,
    Sequence,
}

impl Name {
    const ALL: [Self; 7] = [
        Self::Constant,
        Self::Linear,
        Self::Exponential,
        Self::Fibonacci,
        Self::Decorrelated,
        Self::Rounds,
        Self::Sequence,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Linear => "linear",
            Self::Exponential => "exponential",
            Self::Fibonacci => "fibonacci",
            Self::Decorrelated => "decorrelated",
            Self::Rounds => "rounds",
            Self::Sequence => "sequence",
        }
    }

    pub(super) fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == text)
    }

    pub(super) fn all() -> String {
        listed(Self::ALL.map(Self::as_str), "or")
    }

    /// The option that comes first: without it there is no such policy.
    pub(super) const fn first_key(self) -> Key {
        match self {
            Self::Constant => Key::Delay,
            Self::Linear | Self::Exponential | Self::Fibonacci | Self::Decorrelated => Key::Initial,
            Self::Rounds => Key::Round,
            Self::Sequence => Key::Delays,
        }
    }

    pub(super) fn takes(self, key: Key) -> bool {
        match key {
            Key::Delay | Key::Delays | Key::Initial | Key::Round => key == self.first_key(),
            Key::Step => self == Self::Linear,
            Key::Factor => self == Self::Exponential,
            Key::Last => self == Self::Sequence,
            _ => true,
        }
    }

    pub(super) fn keys(self) -> String {
        listed(
            Key::ALL
                .into_iter()
                .filter(|key| self.takes(*key))
                .map(Key::as_str),
            "and",
        )
    }
}

/// One option of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    Delay,
    Delays,
    Initial,
    Round,
    Step,
    Factor,
    Last,
    Cap,
    Jitter,
    MaxRetries,
    MaxTotal,
    FirstImmediate,
    Seed,
}

impl Key {
    pub(super) const ALL: [Self; 13] = [
        Self::Delay,
        Self::Delays,
        Self::Initial,
        Self::Round,
        Self::Step,
        Self::Factor,
        Self::Last,
        Self::Cap,
        Self::Jitter,
        Self::MaxRetries,
        Self::MaxTotal,
        Self::FirstImmediate,
        Self::Seed,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Delay => "delay",
            Self::Delays => "delays",
            Self::Initial => "initial",
            Self::Round => "round",
            Self::Step => "step",
            Self::Factor => "factor",
            Self::Last => "last",
            Self::Cap => "cap",
            Self::Jitter => "jitter",
            Self::MaxRetries => "max_retries",
            Self::MaxTotal => "max_total",
            Self::FirstImmediate => "first_immediate",
            Self::Seed => "seed",
        }
    }

    pub(super) fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.as_str() == text)
    }

    #[cfg(feature = "serde")]
    pub(super) fn all() -> String {
        listed(Self::ALL.map(Self::as_str), "and")
    }
}
