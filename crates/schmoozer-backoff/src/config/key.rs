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
const JITTER: &str = "a jitter: expected none, full, equal or a share from 0% to 100%";
const LAST: &str = "what the last delay does: expected repeats or ends";
const U32: &str = "a whole number from 0 to 4294967295";
const U64: &str = "a whole number from 0 to 18446744073709551615";

/// Each key as it is written, and what its value is.
const WORDS: [(Key, &str, &str); 13] = [
    (Key::Delay, "delay", DURATION),
    (Key::Delays, "delays", "a list of durations"),
    (Key::Initial, "initial", DURATION),
    (Key::Round, "round", DURATION),
    (Key::Step, "step", DURATION),
    (Key::Factor, "factor", "a finite number of at least 1"),
    (Key::Last, "last", LAST),
    (Key::Cap, "cap", "a duration such as 30s, or none"),
    (Key::Jitter, "jitter", JITTER),
    (Key::MaxRetries, "max_retries", U32),
    (
        Key::MaxTotal,
        "max_total",
        "a duration such as 10m, or none",
    ),
    (Key::FirstImmediate, "first_immediate", "true or false"),
    (Key::Seed, "seed", U64),
];

impl Key {
    pub(super) const COUNT: usize = WORDS.len();

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

    /// Those that any policy takes: from `Cap` on.
    pub(super) fn of_all() -> impl Iterator<Item = Self> {
        Self::all().skip(Self::Cap as usize)
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
