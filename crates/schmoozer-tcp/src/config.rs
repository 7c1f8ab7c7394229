//! A dialer that is chosen at run time.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use crate::keys::{
    Key, Keyed, WITHHELD, duration, may_hold_secret, read, read_limit, read_some, written,
};
use crate::word::quoted;
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
        self.set_key(key, text)
    }

    /// Makes the dialer.
    ///
    /// # Errors
    ///
    /// When there is no target.
    pub fn dialer(&self) -> io::Result<Dialer> {
        let defaults = Self::new([]);
        let mut dialer = Dialer::any_of(self.targets.clone())?
            .order(self.order)
            .family(self.family)
            .timeout(self.timeout);
        if let Some(delay) = self.attempt_delay {
            dialer = dialer.attempt_delay(delay);
        }
        if let Some(delay) = self.endpoint_delay {
            dialer = dialer.endpoint_delay(delay);
        }
        // What was not asked for is best effort.
        if self.dead_after != defaults.dead_after {
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
    const KEYS: &'static [Key<Self>] = &[
        Key {
            name: "targets",
            set: |config, text| {
                let withhold = text.contains(',') && may_hold_secret(text);
                let targets = text.split(',').filter(|_| !text.is_empty());
                let targets = targets.map(|target| target.trim().parse::<Target>());
                config.targets = targets.collect::<Result<_, _>>().map_err(|why| {
                    if withhold {
                        WITHHELD.to_owned()
                    } else {
                        why.to_string()
                    }
                })?;
                Ok(())
            },
            get: |config| {
                let targets: Vec<_> = config.targets.iter().map(Target::to_string).collect();
                targets.join(",")
            },
        },
        Key {
            name: "order",
            set: |config, text| read(&mut config.order, text),
            get: |config| config.order.to_string(),
        },
        Key {
            name: "family",
            set: |config, text| read(&mut config.family, text),
            get: |config| config.family.to_string(),
        },
        Key {
            name: "timeout",
            set: |config, text| read_limit(&mut config.timeout, text),
            get: |config| written(config.timeout),
        },
        Key {
            name: "attempt_delay",
            set: |config, text| read_some(&mut config.attempt_delay, text),
            get: |config| written(config.attempt_delay),
        },
        Key {
            name: "endpoint_delay",
            set: |config, text| read_some(&mut config.endpoint_delay, text),
            get: |config| written(config.endpoint_delay),
        },
        Key {
            name: "dead_after",
            set: |config, text| read_limit(&mut config.dead_after, text),
            get: |config| written(config.dead_after),
        },
        Key {
            name: "keepalive_idle",
            set: |config, text| {
                let idle = duration(text)?;
                config.keepalive = Some(config.keepalive.unwrap_or_default().idle(idle));
                Ok(())
            },
            get: |config| written(config.keepalive.map(|keepalive| keepalive.parts().0)),
        },
        Key {
            name: "keepalive_interval",
            set: |config, text| {
                let interval = duration(text)?;
                config.keepalive = Some(config.keepalive.unwrap_or_default().interval(interval));
                Ok(())
            },
            get: |config| written(config.keepalive.map(|keepalive| keepalive.parts().1)),
        },
        Key {
            name: "keepalive_count",
            set: |config, text| {
                let count = text.parse().ok().filter(|count| (1..=127).contains(count));
                let count =
                    count.ok_or_else(|| format!("{} is no number from 1 to 127", quoted(text)))?;
                config.keepalive = Some(config.keepalive.unwrap_or_default().count(count));
                Ok(())
            },
            get: |config| match config.keepalive {
                Some(keepalive) => keepalive.parts().2.to_string(),
                None => written(None),
            },
        },
        Key {
            name: "user_timeout",
            set: |config, text| read_some(&mut config.user_timeout, text),
            get: |config| written(config.user_timeout),
        },
    ];

    fn unset() -> Self {
        Self::new([])
    }

    fn complete(self) -> Result<Self, InvalidConfig> {
        match self.targets[..] {
            [] => Err(InvalidConfig::new("`targets` is missing")),
            _ => Ok(self),
        }
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
