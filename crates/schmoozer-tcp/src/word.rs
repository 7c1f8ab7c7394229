//! One word of several that a setting may be.

use std::fmt::Write as _;

use crate::host_name::shown;

/// Says that a word is none of those that are allowed, which ones those are, and which is nearest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnknownWord(String);

impl UnknownWord {
    /// `what` is what the word should have been, such as `order`.
    pub(crate) fn new(what: &str, word: &str, allowed: &[&str]) -> Self {
        let mut text = format!(
            "{} is no {what}: expected {}",
            quoted(word),
            allowed.join(", ")
        );
        let nearest = allowed
            .iter()
            .map(|allowed| (distance(word, allowed), allowed))
            .min();
        if let Some((1..=2, nearest)) = nearest {
            // Writing to a string does not fail.
            let _ = write!(text, "; did you mean {nearest}?");
        }
        Self(text)
    }
}

/// Quotes the start of a text, but nothing of one that may hold a secret.
pub(crate) fn quoted(text: &str) -> String {
    if text.contains(['@', '/', '%', '＠']) {
        return "text with a URL or user information".to_owned();
    }
    format!("{:?}", shown(text))
}

/// Counts the letters to add, drop or change to make one word the other, for words that are not too long.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 32 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut above_left = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let changed = above_left + usize::from(from != *to);
            above_left = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(above_left + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested() {
        let told = |word| UnknownWord::new("order", word, &["in_turn", "failover"]).to_string();
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
    fn a_distance_is_the_number_of_changes() {
        for (a, b, n) in [
            ("", "", 0),
            ("a", "", 1),
            ("abc", "axc", 1),
            ("ab", "ba", 2),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), n, "{a} {b}");
        }
    }
}
