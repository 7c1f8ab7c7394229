//! A policy that is chosen at run time: in a configuration file, by a flag.

mod duration;
mod fault;
mod key;
mod options;
#[cfg(feature = "serde")]
mod serde;
mod settings;
mod text;
mod value;

use core::iter::FusedIterator;
use core::time::Duration;
use std::sync::Arc;

pub use fault::ConfigError;

use crate::{Constant, Decorrelated, Exponential, Fibonacci, Linear, Retries, Rounds, Sequence};

/// Holds any policy of this crate, as read from a configuration or a command line.
///
/// It is a policy itself, with the same options. Its default is [`Exponential::default`].
///
/// # In a configuration file (feature `serde`)
///
/// A table whose key `policy` says which. Durations are numbers with units: `ns`, `us`, `ms`, `s`, `m`, `h`, `d`, also
/// one after the other (`1m30s`) and with fractions (`1.5s`).
///
/// ```toml
/// [retry]
/// policy = "exponential"
/// initial = "250ms"
/// cap = "30s"
/// jitter = "20%"
/// max_retries = 10
/// ```
///
/// ```json
/// { "policy": "sequence", "delays": ["1s", "5s", "30s"], "last": "ends", "first_immediate": true }
/// ```
///
/// | policy | its keys | where left out |
/// | --- | --- | --- |
/// | `constant` | `delay` | required |
/// | `linear` | `initial`, `step` | required, as `initial` |
/// | `exponential` | `initial`, `factor` | those of [`Exponential::default`], also for `cap` and `jitter` |
/// | `fibonacci` | `initial` | required |
/// | `decorrelated` | `initial` | required |
/// | `rounds` | `round` | required |
/// | `sequence` | `delays`, `last`: `"repeats"` or `"ends"` | required, `"repeats"` |
/// | any | `cap`: a duration or `"none"` | `"none"` |
/// | | `jitter`: `"none"`, `"full"`, `"equal"`, or a share from `"0%"` to `"100%"` | `"none"` |
/// | | `max_retries`, `max_total` | no limit |
/// | | `first_immediate` | `false` |
/// | | `seed`, for tests | none |
///
/// Unknown keys, and keys of another policy, are errors that name the key and what is allowed. Instead of a table, a
/// string in the form below will do. Formats that are not for people hold the string.
///
/// # On a command line (feature `config`)
///
/// `FromStr` reads and `Display` writes the same words in one line:
///
/// ```text
/// policy = name [ ":" option *( "," option ) ]
/// option = delays          ; only as the first: the policy's `delay`, `initial`, `round` or `delays`, and its cap
///        | "x" number      ; factor
///        | "+" duration    ; step
///        | "none" | "full" | "equal" | number "%"     ; jitter
///        | "first_immediate"
///        | key "=" value   ; any key of the table above
/// delays = duration *( "/" duration ) [ ".." ( duration | "none" ) ]
/// ```
///
/// ```
/// use std::time::Duration;
/// use schmoozer_backoff::{Exponential, Jitter, PolicyConfig};
///
/// let config: PolicyConfig = "exponential:250ms..30s,x2,full,max_retries=10".parse()?;
/// let policy = Exponential::new(Duration::from_millis(250)).cap(Duration::from_secs(30));
/// assert_eq!(config, policy.jitter(Jitter::Full).max_retries(10).into());
/// assert_eq!(config.to_string(), "exponential:250ms..30s,x2,full,max_retries=10");
/// # Ok::<(), schmoozer_backoff::ConfigError>(())
/// ```
///
/// Texts of more than 64 KiB and lists of more than 1,024 delays are refused. An error quotes what it is about, but never
/// a URL or user information: a secret that is pasted into the wrong field stays out of the log.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[must_use = "a policy does nothing until it is iterated"]
pub enum PolicyConfig {
    /// The same delay every time.
    Constant(Constant),
    /// A delay that grows by a step.
    Linear(Linear),
    /// A delay that grows by a factor.
    Exponential(Exponential),
    /// Delays that are each the sum of the two before.
    Fibonacci(Fibonacci),
    /// Delays drawn from up to three times the one before.
    Decorrelated(Decorrelated),
    /// A place in a round, and an attempt in each.
    Rounds(Rounds),
    /// Delays from a list.
    Sequence(Sequence<Arc<[Duration]>>),
}

impl Default for PolicyConfig {
    fn default() -> Self {
        Self::Exponential(Exponential::default())
    }
}

macro_rules! from_policies {
    ($($policy:ident: $type:ty),+) => {$(
        impl From<$type> for PolicyConfig {
            fn from(policy: $type) -> Self {
                Self::$policy(policy)
            }
        }
    )+};
}

from_policies!(
    Constant: Constant,
    Linear: Linear,
    Exponential: Exponential,
    Fibonacci: Fibonacci,
    Decorrelated: Decorrelated,
    Rounds: Rounds,
    Sequence: Sequence<Arc<[Duration]>>
);

impl IntoIterator for PolicyConfig {
    type Item = Duration;
    type IntoIter = ConfigRetries;

    fn into_iter(self) -> ConfigRetries {
        ConfigRetries(match self {
            Self::Constant(policy) => Kind::Constant(policy.into_iter()),
            Self::Linear(policy) => Kind::Linear(policy.into_iter()),
            Self::Exponential(policy) => Kind::Exponential(policy.into_iter()),
            Self::Fibonacci(policy) => Kind::Fibonacci(policy.into_iter()),
            Self::Decorrelated(policy) => Kind::Decorrelated(policy.into_iter()),
            Self::Rounds(policy) => Kind::Rounds(policy.into_iter()),
            Self::Sequence(policy) => Kind::Sequence(policy.into_iter()),
        })
    }
}

/// Yields the delays of one retry sequence of a [`PolicyConfig`].
#[derive(Debug)]
pub struct ConfigRetries(Kind);

#[derive(Debug)]
enum Kind {
    Constant(Retries<Constant>),
    Linear(Retries<Linear>),
    Exponential(Retries<Exponential>),
    Fibonacci(Retries<Fibonacci>),
    Decorrelated(Retries<Decorrelated>),
    Rounds(Retries<Rounds>),
    Sequence(Retries<Sequence<Arc<[Duration]>>>),
}

impl Iterator for ConfigRetries {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        match &mut self.0 {
            Kind::Constant(retries) => retries.next(),
            Kind::Linear(retries) => retries.next(),
            Kind::Exponential(retries) => retries.next(),
            Kind::Fibonacci(retries) => retries.next(),
            Kind::Decorrelated(retries) => retries.next(),
            Kind::Rounds(retries) => retries.next(),
            Kind::Sequence(retries) => retries.next(),
        }
    }
}

impl FusedIterator for ConfigRetries {}
