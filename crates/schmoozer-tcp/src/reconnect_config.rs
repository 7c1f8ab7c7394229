use std::time::Duration;

use schmoozer_backoff::PolicyConfig;
use schmoozer_core::Retry;

use crate::TcpConnector;
use crate::handler::Upgrade;

/// Holds how a [`TcpConnector`] reconnects, as a configuration has it: for
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
/// With the feature `serde` it is a table in a configuration file:
///
/// ```toml
/// [upstream.reconnect]
/// policy = { policy = "exponential", cap = "30s" }
/// give_up_after = "10m"
/// ```
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
    /// Makes the decision that it describes, for connectors of your own.
    pub fn retry(&self) -> Retry<PolicyConfig> {
        let retry = Retry::new(self.policy.clone());
        match self.give_up_after {
            Some(outage) => retry.give_up_after(outage),
            None => retry,
        }
    }
}

impl<U: Upgrade<E>, H, E, P: IntoIterator> TcpConnector<U, H, E, P> {
    /// Reconnects as a configuration says. Replaces [`retry`](Self::retry) and [`stable_after`](Self::stable_after).
    #[cfg_attr(docsrs, doc(cfg(feature = "config")))]
    pub fn reconnect(self, config: &ReconnectConfig) -> TcpConnector<U, H, E, PolicyConfig> {
        self.retry(config.retry()).stable_after(config.stable_after)
    }
}
