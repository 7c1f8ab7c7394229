//! A policy that is chosen at run time: in a configuration file, by a flag.

mod base;
mod duration;
mod fault;
mod key;
#[cfg(feature = "serde")]
mod serde;
mod settings;
mod text;
mod value;

use core::time::Duration;
use std::sync::Arc;

pub use duration::{format_duration, parse_duration};
pub use fault::ConfigError;

use self::base::Base;
use crate::shape::{Shape, options};
use crate::{Delays, Exponential, Listed};

/// Holds any policy of this crate that was read from a configuration or a command line.
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
/// | any | `cap`: a duration | `"none"` |
/// | | `jitter`: `"none"`, `"full"`, `"equal"`, or a share from `"0%"` to `"100%"` | `"none"` |
/// | | `max_retries`: a number | `"none"` |
/// | | `max_total`, the most that the delays may sum up to: a duration | `"none"` |
/// | | `first_immediate` | `false` |
/// | | `seed`, for tests | none |
///
/// Where there may be no limit (`cap`, `max_retries`, `max_total`), `"none"`, `"never"` and `null` say that there is none.
/// `max_total` is not a time after which the caller gives up: the attempts between the delays take time too, and a policy
/// has no clock. The option for that is `give_up_after` of the loop.
///
/// Unknown keys, and keys of another policy, are errors that name the key and what is allowed, and the nearest word if one is misspelt. Instead of a table, a
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
/// `Display` of an error of `toml` also prints the line of the file, which may hold a secret: show only its `message()`.
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a policy does nothing until it is iterated"]
pub struct PolicyConfig {
    base: Base,
    shape: Shape,
}

// The options of `Policy` would lie over the policy: a cap would gather what the policy has spread, and a seed would
// not reach what it draws.
options!(PolicyConfig);

impl Default for PolicyConfig {
    fn default() -> Self {
        Exponential::default().into()
    }
}

impl IntoIterator for PolicyConfig {
    type Item = Duration;
    type IntoIter = Delays<Listed<Arc<[Duration]>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.base.delays(self.shape)
    }
}
