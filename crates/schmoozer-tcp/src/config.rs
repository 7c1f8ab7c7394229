//! A dialer that is chosen at run time.

use std::io;
use std::time::Duration;

use crate::{Dialer, Family, Order, Target};

/// Holds the settings of a [`Dialer`], as a configuration has them.
///
/// | key | value | where left out |
/// | --- | --- | --- |
/// | `targets` | an endpoint, or a list of them | required |
/// | `order` | `in_turn`, `shuffled` or `failover` | `in_turn` |
/// | `family` | `any`, `v4` or `v6` | `any` |
/// | `timeout`, `dead_after` | a duration such as `1.5s` or `2m`, or `none` | `10s`, `60s` |
/// | `attempt_delay`, `endpoint_delay` | a duration | as the dialer has it |
///
/// With the feature `serde` it is a table in a configuration file. Durations are written as in
/// [`PolicyConfig`](schmoozer_backoff::PolicyConfig):
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
        }
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
        Ok(dialer)
    }
}
