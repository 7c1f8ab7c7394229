//! Why a setting was refused.

use std::borrow::Borrow;
use std::fmt::Display;

use crate::host_name::{has_zone, shown};

/// Says what is wrong in the text of a setting, at which key, and what is allowed there.
///
/// It quotes a value only where that cannot hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidConfig(pub(crate) String);

impl InvalidConfig {
    /// Reads a value by the word that it is displayed as.
    pub(crate) fn one_of<T: Copy + Display>(what: &str, word: &str, all: &[T]) -> Result<T, Self> {
        let words: Vec<String> = all.iter().map(T::to_string).collect();
        match words.iter().position(|allowed| allowed == word) {
            Some(place) => Ok(all[place]),
            None => Err(Self::unknown(what, word, &words)),
        }
    }

    /// Says that a word is none of those that are allowed, which ones those are, and which is nearest. `what` is what the
    /// word should have been, such as `order`.
    pub(crate) fn unknown(what: &str, word: &str, allowed: &[impl Borrow<str>]) -> Self {
        let within = |changes| {
            let mut allowed = allowed.iter().map(Borrow::borrow);
            allowed.find(|allowed| is_within(changes, word.as_bytes(), allowed.as_bytes()))
        };
        let nearest = within(1).or_else(|| within(2));
        let meant = nearest.map_or_else(String::new, |it| format!("; did you mean {it}?"));
        let (word, allowed) = (quoted(word), allowed.join(", "));
        Self(format!("{word} is no {what}: expected {allowed}{meant}"))
    }
}

/// Tells whether text has the sign of a URL or of user information, plain or encoded, anywhere.
///
/// A text of several parts is asked as a whole: one part may have the secret, and another one the sign of it.
pub(crate) fn may_hold_secret(text: &str) -> bool {
    let encoded = |(at, _): (usize, &str)| {
        // Only an address in brackets has a zone here.
        let host = text[..at].rsplit([',', ';', '=', ' ']).next();
        let ip = host.and_then(|host| host.strip_prefix('['));
        let hex = text.as_bytes().get(at + 1..at + 3);
        hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) && !ip.is_some_and(has_zone)
    };
    text.contains(['@', '＠', '﹫']) || text.contains("://") || text.match_indices('%').any(encoded)
}

/// Quotes the start of a text, but nothing of one that may hold a secret.
pub(crate) fn quoted(text: &str) -> String {
    // A path may be a token. A line may have a `/`, in the delays of a policy.
    if may_hold_secret(text) || text.contains('/') {
        return "text with a URL or user information".to_owned();
    }
    format!("{:?}", shown(text))
}

/// Tells whether at most so many letters must be added, dropped or changed to make one word the other.
fn is_within(changes: usize, a: &[u8], b: &[u8]) -> bool {
    match (a, b) {
        ([x, a @ ..], [y, b @ ..]) if x == y => is_within(changes, a, b),
        _ if changes == 0 => a.is_empty() && b.is_empty(),
        _ => {
            let (fewer_a, fewer_b) = (a.get(1..).unwrap_or(a), b.get(1..).unwrap_or(b));
            let pairs = [(fewer_a, b), (a, fewer_b), (fewer_a, fewer_b)];
            pairs.iter().any(|(a, b)| is_within(changes - 1, a, b))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested() {
        let told =
            |word| InvalidConfig::unknown("order", word, &["in_turn", "failover"]).to_string();
        let expected = "expected in_turn, failover";
        assert_eq!(
            told("failovr"),
            format!("\"failovr\" is no order: {expected}; did you mean failover?")
        );
        assert_eq!(
            told("inturn"),
            format!("\"inturn\" is no order: {expected}; did you mean in_turn?")
        );
        assert_eq!(told("x"), format!("\"x\" is no order: {expected}"));
        assert!(!told("redis://:hunter2@db").contains("hunter2"));
        assert!(told(&"x".repeat(1_000_000)).len() < 200);
    }

    #[test]
    fn a_word_is_within_the_number_of_changes_and_within_no_fewer() {
        for (a, b, n) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "a", 1),
            ("bc", "abc", 1),
            ("abc", "axc", 1),
            ("ab", "ba", 2),
            ("abcd", "xbcdy", 2),
            ("kitten", "sitting", 3),
        ] {
            for changes in 0..5 {
                let within = is_within(changes, a.as_bytes(), b.as_bytes());
                assert_eq!(within, changes >= n, "{a} {b} {changes}");
            }
        }
    }
}
