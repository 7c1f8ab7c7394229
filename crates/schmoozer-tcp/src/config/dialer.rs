//! A dialer that is chosen at run time.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use super::text::{Keyed, duration, limit, withheld, word, written};
use crate::invalid_config::quoted;
use crate::{Dialer, Family, InvalidConfig, Keepalive, Order, Target};

/// Holds the settings of a [`Dialer`] from a configuration.
///
/// | key | value | where left out |
/// | --- | --- | --- |
/// | `targets` | endpoints, in a list or with commas between them | required |
/// | `order` | `in_turn`, `shuffled` or `failover` | `in_turn` |
/// | `family` | `any`, `v4` or `v6` | `any` |
/// | `timeout`, `dead_after` | a duration such as `1.5s` or `2m`, or `none` | `10s`, `60s` |
/// | `attempt_delay`, `endpoint_delay` | a duration | the dialer's default |
/// | `keepalive_idle`, `keepalive_interval` | a duration, taken as [`Keepalive`] does | what `dead_after` sets, or `15s`, `5s` if another part is set |
/// | `keepalive_count` | a number from 1 to 127 | what `dead_after` sets, or 3 if another part is set |
/// | `user_timeout` | a duration | what `dead_after` sets |
///
/// Durations are written as in [`PolicyConfig`](schmoozer_backoff::PolicyConfig). `"never"` is another word for `"none"`.
/// `dead_after = "none"` with parts of the keepalive gives keepalive alone.
///
/// # In one line
///
/// `FromStr` reads and `Display` writes the same keys in one line: for a flag, or a variable of the environment.
///
/// ```text
/// config = part *( ";" part )
/// part   = [ targets ]         ; only as the first
///        | key "=" value       ; any key of the table above, each at most once
/// targets = target *( "," target )
/// ```
///
/// There may be spaces around parts, keys, values and targets. A target has neither `;` nor `,` nor `=` in it, an IPv6
/// address included. A line has at most 64 KiB.
///
/// ```
/// use schmoozer_tcp::{DialerConfig, Order};
///
/// let line = "db1.example.com:5432,[2001:db8::2]:5432;order=failover;timeout=5s";
/// let config: DialerConfig = line.parse()?;
/// assert_eq!(config.order, Order::Failover);
/// assert_eq!(config.to_string(), line);
/// # Ok::<(), schmoozer_tcp::InvalidConfig>(())
/// ```
///
/// # In a file
///
/// With the feature `serde` it is a table in a configuration file, or a string with the line. `null` is `"none"`:
///
/// ```toml
/// [upstream]
/// targets = ["db1.example.com:5432", "db2.example.com:5432"]
/// order = "failover"
/// timeout = "5s"
/// ```
///
/// An error names the key and what is allowed. It quotes a value only where that cannot hold a secret.
/// `Display` of an error of `toml` also prints the line of the file, which may hold a secret: show only its `message()`.
///
/// ```
/// use std::time::Duration;
/// use schmoozer_tcp::{DialerConfig, Order};
///
/// let mut config = DialerConfig::new(["db.example.com:5432".parse()?]);
/// config.timeout = Some(Duration::from_secs(5));
/// config.order = "failover".parse()?;
/// let dialer = config.dialer()?;
/// # drop(dialer);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DialerConfig {
    /// The endpoints, at least one.
    pub targets: Vec<Target>,
    /// The order in which they are tried.
    pub order: Order,
    /// The address families to connect to.
    pub family: Family,
    /// The limit on a dial, or `None` for no limit.
    pub timeout: Option<Duration>,
    /// The time between two addresses, or `None` for the dialer's default.
    pub attempt_delay: Option<Duration>,
    /// The time between two endpoints, or `None` for the dialer's default.
    pub endpoint_delay: Option<Duration>,
    /// The time within which a dead peer is found, or `None` to leave it to the system.
    pub dead_after: Option<Duration>,
    /// How an idle connection is probed, or `None` for what `dead_after` says.
    pub keepalive: Option<Keepalive>,
    /// How long data may stay unacknowledged, or `None` for what `dead_after` says.
    pub user_timeout: Option<Duration>,
}

impl DialerConfig {
    /// Makes the configuration that only has endpoints.
    #[must_use]
    pub fn new(targets: impl IntoIterator<Item = Target>) -> Self {
        Self {
            targets: targets.into_iter().collect(),
            order: Order::default(),
            family: Family::default(),
            timeout: Some(Duration::from_secs(10)),
            attempt_delay: None,
            endpoint_delay: None,
            dead_after: Some(Duration::from_secs(60)),
            keepalive: None,
            user_timeout: None,
        }
    }

    /// Sets one key from text, such as that of an environment variable.
    ///
    /// ```
    /// use std::time::Duration;
    /// use schmoozer_tcp::DialerConfig;
    ///
    /// let mut config: DialerConfig = "db.example.com:5432".parse()?;
    /// config.set("timeout", "5s")?;
    /// assert_eq!(config.timeout, Some(Duration::from_secs(5)));
    /// # Ok::<(), schmoozer_tcp::InvalidConfig>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Names the key and what is allowed. The configuration is then as it was.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), InvalidConfig> {
        self.set_key(key, text, "")
    }

    /// Makes the dialer.
    ///
    /// # Errors
    ///
    /// When there is no target.
    pub fn dialer(&self) -> io::Result<Dialer> {
        let mut dialer = Dialer::any_of(self.targets.clone())?
            .order(self.order)
            .family(self.family)
            .timeout(self.timeout)
            .attempt_delay(self.attempt_delay)
            .endpoint_delay(self.endpoint_delay);
        // What was not asked for is best effort.
        if self.dead_after != Self::new([]).dead_after {
            dialer = dialer.dead_after(self.dead_after);
        }
        if let Some(keepalive) = self.keepalive {
            dialer = dialer.keepalive(keepalive);
        }
        if let Some(timeout) = self.user_timeout {
            dialer = dialer.user_timeout(timeout);
        }
        Ok(dialer)
    }
}

impl Keyed for DialerConfig {
    fn unset() -> Self {
        Self::new([])
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        let targets: Vec<_> = self.targets.iter().map(Target::to_string).collect();
        let interval = self.keepalive.map(|it| it.interval);
        let count = self.keepalive.map(|it| it.count.to_string());
        vec![
            ("targets", targets.join(",")),
            ("order", self.order.to_string()),
            ("family", self.family.to_string()),
            ("timeout", written(self.timeout)),
            ("attempt_delay", written(self.attempt_delay)),
            ("endpoint_delay", written(self.endpoint_delay)),
            ("dead_after", written(self.dead_after)),
            ("keepalive_idle", written(self.keepalive.map(|it| it.idle))),
            ("keepalive_interval", written(interval)),
            ("keepalive_count", count.unwrap_or_else(|| written(None))),
            ("user_timeout", written(self.user_timeout)),
        ]
    }

    fn read(&mut self, key: &str, text: &str) -> Result<(), String> {
        let keepalive = self.keepalive.unwrap_or_default();
        match key {
            "targets" if text.is_empty() => self.targets = Vec::new(),
            "targets" => {
                let several = if text.contains(',') { text } else { "" };
                let targets = text.split(',').map(|target| word(target.trim()));
                let targets = targets.collect::<Result<_, _>>();
                self.targets = targets.map_err(|why| withheld(why, several))?;
            }
            "order" => self.order = word(text)?,
            "family" => self.family = word(text)?,
            "timeout" => self.timeout = limit(text)?,
            "attempt_delay" => self.attempt_delay = Some(duration(text)?),
            "endpoint_delay" => self.endpoint_delay = Some(duration(text)?),
            "dead_after" => self.dead_after = limit(text)?,
            "keepalive_idle" => self.keepalive = Some(keepalive.idle(duration(text)?)),
            "keepalive_interval" => self.keepalive = Some(keepalive.interval(duration(text)?)),
            "keepalive_count" => match text.parse() {
                Ok(count @ 1..=127) => self.keepalive = Some(keepalive.count(count)),
                _ => return Err(format!("{} is no number from 1 to 127", quoted(text))),
            },
            "user_timeout" => self.user_timeout = Some(duration(text)?),
            _ => return Err("no such key".to_owned()),
        }
        Ok(())
    }

    fn complete(self) -> Result<Self, InvalidConfig> {
        if self.targets.is_empty() {
            return Err(InvalidConfig("`targets` is missing".to_owned()));
        }
        Ok(self)
    }
}

/// Reads one line, such as `db1.example.com:5432,db2.example.com:5432;order=failover;timeout=5s`.
impl FromStr for DialerConfig {
    type Err = InvalidConfig;

    fn from_str(line: &str) -> Result<Self, InvalidConfig> {
        Self::read_line(line)
    }
}

/// Writes the line that `FromStr` reads, with what differs from [`new`](Self::new).
impl fmt::Display for DialerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_line(f)
    }
}
