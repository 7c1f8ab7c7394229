use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schmoozer_backoff::PolicyConfig;
use schmoozer_core::Retry;

use super::text::{Keyed, duration, limit, word, written};
use crate::{InvalidConfig, TcpConnector};

/// Holds how a [`TcpConnector`] reconnects, as a configuration holds it: for
/// [`TcpConnector::reconnect`].
///
/// | key | value | where left out |
/// | --- | --- | --- |
/// | `policy` | a [`PolicyConfig`] | `exponential` |
/// | `give_up_after` | a duration such as `10m`, or `never` | `never` |
/// | `stable_after` | a duration | `10s` |
///
/// `give_up_after` limits an outage, with the time that its attempts take. The policy's `max_total` limits the sum of its
/// delays alone, so it is not a time to give up.
///
/// `FromStr` reads and `Display` writes the same keys in one line. The first part is the text of a policy, which has no `;`
/// in it, or a key as the others are:
///
/// ```text
/// config = part *( ";" part )
/// part   = [ policy ]          ; only as the first
///        | key "=" value       ; any key of the table above, each at most once
/// ```
///
/// ```
/// use schmoozer_tcp::ReconnectConfig;
///
/// let line = "exponential:250ms..30s,x2,full;give_up_after=10m;stable_after=30s";
/// let config: ReconnectConfig = line.parse()?;
/// assert_eq!(config.to_string(), line);
/// # Ok::<(), schmoozer_tcp::InvalidConfig>(())
/// ```
///
/// With the feature `serde` it is a table in a configuration file, or a string with the line:
///
/// ```toml
/// [upstream.reconnect]
/// policy = { policy = "exponential", cap = "30s" }
/// give_up_after = "10m"
/// ```
///
/// `Display` of an error of `toml` also prints the line of the file, which may hold a secret: show only its `message()`.
///
/// ```
/// use std::time::Duration;
/// use schmoozer_tcp::{Dialer, End, ReconnectConfig, TcpConnector};
///
/// let mut config = ReconnectConfig::default();
/// config.policy = "exponential:250ms..30s".parse()?;
/// config.give_up_after = Some(Duration::from_secs(600));
/// let dialer = Dialer::new("db.example.com:5432")?;
/// let connector = TcpConnector::new(dialer, async |_, _| std::io::Result::Ok(End::Exit)).reconnect(&config);
/// # drop(connector);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ReconnectConfig {
    /// The delays between attempts.
    pub policy: PolicyConfig,
    /// How long an outage may last, or `None` for no limit. See [`Retry::give_up_after`].
    pub give_up_after: Option<Duration>,
    /// How long a connection must have been ready to end an outage. See [`TcpConnector::stable_after`].
    pub stable_after: Duration,
}

impl Default for ReconnectConfig {
    fn default() -> Self {
        Self {
            policy: PolicyConfig::default(),
            give_up_after: None,
            stable_after: Duration::from_secs(10),
        }
    }
}

impl ReconnectConfig {
    /// Sets one key from text, such as that of an environment variable.
    ///
    /// # Errors
    ///
    /// Names the key and what is allowed. The configuration is then as it was.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), InvalidConfig> {
        self.set_key(key, text, "")
    }

    /// Makes the decision that it describes, for connectors of your own.
    pub fn retry(&self) -> Retry<PolicyConfig> {
        let retry = Retry::new(self.policy.clone());
        match self.give_up_after {
            Some(outage) => retry.give_up_after(outage),
            None => retry,
        }
    }
}

impl Keyed for ReconnectConfig {
    fn unset() -> Self {
        Self::default()
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("policy", self.policy.to_string()),
            ("give_up_after", written(self.give_up_after)),
            ("stable_after", written(Some(self.stable_after))),
        ]
    }

    fn read(&mut self, key: &str, text: &str) -> Result<(), String> {
        match key {
            "policy" => self.policy = word(text)?,
            "give_up_after" => self.give_up_after = limit(text)?,
            "stable_after" => self.stable_after = duration(text)?,
            _ => return Err("no such key".to_owned()),
        }
        Ok(())
    }
}

/// Reads one line, such as `exponential:250ms..30s;give_up_after=10m;stable_after=30s`.
impl FromStr for ReconnectConfig {
    type Err = InvalidConfig;

    fn from_str(line: &str) -> Result<Self, InvalidConfig> {
        Self::read_line(line)
    }
}

/// Writes the line that `FromStr` reads.
impl fmt::Display for ReconnectConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_line(f)
    }
}

impl<U, H, E, C> TcpConnector<U, H, E, C> {
    /// Reconnects as a configuration says. Replaces [`retry`](Self::retry) and [`stable_after`](Self::stable_after).
    pub fn reconnect(self, config: &ReconnectConfig) -> Self {
        self.retry(config.retry()).stable_after(config.stable_after)
    }
}
