//! The keys of a configuration: one option of a policy each.

use super::fault::listed;

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

const DURATION: &str = "a duration such as 250ms";

/// Each key as it is written, and what its value is.
const WORDS: [(Key, &str, &str); 13] = [
    (Key::Delay, "delay", DURATION),
    (Key::Delays, "delays", "a list of durations"),
    (Key::Initial, "initial", DURATION),
    (Key::Round, "round", DURATION),
    (Key::Step, "step", DURATION),
    (Key::Factor, "factor", "a finite number of at least 1"),
    (
        Key::Last,
        "last",
        "what the last delay does: expected repeats or ends",
    ),
    (Key::Cap, "cap", "a duration such as 30s, or none"),
    (
        Key::Jitter,
        "jitter",
        "a jitter: expected none, full, equal or a share from 0% to 100%",
    ),
    (
        Key::MaxRetries,
        "max_retries",
        "a whole number from 0 to 4294967295",
    ),
    (
        Key::MaxTotal,
        "max_total",
        "a duration such as 10m, or none",
    ),
    (Key::FirstImmediate, "first_immediate", "true or false"),
    (
        Key::Seed,
        "seed",
        "a whole number from 0 to 18446744073709551615",
    ),
];

impl Key {
    pub(super) const COUNT: usize = WORDS.len();

    /// The keys that any policy takes.
    pub(super) const SHAPE: [Self; 6] = [
        Self::Cap,
        Self::Jitter,
        Self::MaxRetries,
        Self::MaxTotal,
        Self::FirstImmediate,
        Self::Seed,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        WORDS[self as usize].1
    }

    /// What its value is, in words.
    pub(super) const fn expectation(self) -> &'static str {
        WORDS[self as usize].2
    }

    pub(super) fn all() -> impl Iterator<Item = Self> {
        WORDS.into_iter().map(|(key, _, _)| key)
    }

    pub(super) fn find(text: &str) -> Option<Self> {
        Self::all().find(|key| key.as_str() == text)
    }

    /// Whether the value may say that there is no limit.
    pub(super) const fn may_be_none(self) -> bool {
        matches!(self, Self::Cap | Self::MaxRetries | Self::MaxTotal)
    }
}

/// Puts `keys` into a message.
pub(super) fn names(keys: impl IntoIterator<Item = Key>) -> std::string::String {
    listed(keys.into_iter().map(Key::as_str), "and")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_stands_at_its_own_place() {
        for (place, (key, _, _)) in WORDS.into_iter().enumerate() {
            assert_eq!(key as usize, place);
        }
    }
}
