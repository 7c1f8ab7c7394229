//! What is wrong with a configuration, and where.

use core::fmt;
use core::ops::Range;
use std::string::String;
use std::{format, vec::Vec};

use super::base::Words;

/// What is wrong with a piece of text, and which of its bytes.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) at: Range<usize>,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>, at: Range<usize>) -> Self {
        Self {
            message: message.into(),
            at,
        }
    }

    /// Moves the place to where the text begins in a longer one.
    pub(super) fn offset(self, by: usize) -> Self {
        Self {
            message: self.message,
            at: self.at.start + by..self.at.end + by,
        }
    }
}

/// Whether `text` reads like the URL or the user information, plain or encoded, that was pasted into the wrong place. No
/// policy has such a part, so a message that withholds it withholds nothing of use.
pub(super) fn may_hold_secret(text: &str) -> bool {
    let encoded = |it: &[u8]| it[0] == b'%' && it[1..].iter().all(u8::is_ascii_hexdigit);
    text.contains(['@', '＠', '﹫'])
        || text.contains("://")
        || text.as_bytes().windows(3).any(encoded)
}

/// Puts text from outside into a message: in quotes, without control characters, never more than its start, and
/// nothing of what may hold a secret.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 32;
    if may_hold_secret(text) {
        return "text with a URL or user information".into();
    }
    let shown: String = text
        .chars()
        .take(SHOWN)
        .flat_map(char::escape_debug)
        .collect();
    let dots = text.chars().nth(SHOWN).map_or("", |_| "…");
    format!("`{shown}{dots}`")
}

/// What there is to say of a name that is no policy's.
pub(super) fn no_policy(text: &str) -> String {
    let (policies, meant) = (listed(Words::names(), "or"), meant(text, Words::names()));
    format!("{} is no policy: expected {policies}{meant}", quoted(text))
}

/// Asks whether one of `names` was meant by `text`, if one is close to it.
pub(super) fn meant(text: &str, names: impl IntoIterator<Item = &'static str>) -> String {
    let length = text.chars().take(32).count();
    // Of a short word two typing errors leave too little.
    let near = if length < 6 { 1 } else { 2 };
    let close = names
        .into_iter()
        .map(|name| (typing_errors(text, name), name));
    let closest = close.min_by_key(|(errors, _)| *errors);
    match closest.filter(|(errors, _)| length < 32 && *errors <= near) {
        Some((_, name)) => format!("; did you mean `{name}`?"),
        None => String::new(),
    }
}

/// How many letters must be put in, left out or changed, or pairs of letters swapped, to turn one word into the other
/// ("optimal string alignment" distance).
fn typing_errors(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) =
        (one.chars().take(32).collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = Vec::from([(0..=other.len()).collect()]);
    for i in 1..=one.len() {
        let mut row = Vec::from([i]);
        for j in 1..=other.len() {
            let changed = rows[i - 1][j - 1] + usize::from(one[i - 1] != other[j - 1]);
            let mut errors = changed.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                errors = errors.min(rows[i - 2][j - 2] + 1);
            }
            row.push(errors);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

/// Puts names into a message, as a list that ends in "or" or "and".
pub(super) fn listed(names: impl IntoIterator<Item = &'static str>, last: &str) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    match names.split_last() {
        Some((end, start)) if !start.is_empty() => format!("{} {last} {end}", start.join(", ")),
        _ => names.concat(),
    }
}

/// Says what is wrong with the text of a policy, and where.
///
/// It quotes what it is about, but never text with a URL or user information. That is no policy, but was pasted into the
/// wrong place.
///
/// `{}` writes one line, `{:#}` the text below it as well, with the place marked:
///
/// ```
/// use schmoozer_backoff::PolicyConfig;
///
/// let Err(error) = "exponential:250ms..30s,ful".parse::<PolicyConfig>() else { panic!("read it") };
/// assert_eq!(error.span(), 23..26);
/// let marked = "\n  exponential:250ms..30s,ful\n                         ^^^";
/// assert!(format!("{error:#}").ends_with(marked));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    message: String,
    text: String,
    span: Range<usize>,
}

impl ConfigError {
    /// Keeps `text` if that cannot hold a secret. Where it can, the place of the fault must be its start.
    pub(super) fn new(text: &str, fault: Fault) -> Self {
        let text = if may_hold_secret(text) { "" } else { text };
        Self {
            message: fault.message,
            text: text.into(),
            span: fault.at,
        }
    }

    /// The bytes of the text that are wrong; empty where something is missing.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const BEFORE: usize = 40;
        const AFTER: usize = 30;
        f.write_str(&self.message)?;
        if !f.alternate() {
            return Ok(());
        }
        let printable = |c: char| if c.is_control() { '\u{FFFD}' } else { c };
        let (before, rest) = self.text.split_at(self.span.start);
        let (wrong, after) = rest.split_at(self.span.len());
        let skipped = before.chars().count().saturating_sub(BEFORE);
        let before: String = before.chars().skip(skipped).map(printable).collect();
        let wrong: String = wrong.chars().take(BEFORE).map(printable).collect();
        let after: String = after.chars().take(AFTER).map(printable).collect();
        let indent = " ".repeat(before.chars().count());
        let marks = "^".repeat(wrong.chars().count().max(1));
        write!(f, "\n  {before}{wrong}{after}\n  {indent}{marks}")
    }
}

impl core::error::Error for ConfigError {}
