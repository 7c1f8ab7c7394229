use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::driven::{Driven, Layer, hand_on};
use crate::{ConnResult, Failure, Health, RetryResult};

/// A `connect` was dropped because it took longer than
/// [`Runner::connect_timeout`](crate::Runner::connect_timeout) allows.
///
/// # Examples
///
/// An error type of one's own takes it in:
///
/// ```
/// use std::{fmt, time::Duration};
/// use schmoozer_core::{ConnectTimeout, Runner, connector_fn};
///
/// #[derive(Debug)]
/// enum Fault {
///     Slow(ConnectTimeout),
/// }
///
/// impl From<ConnectTimeout> for Fault {
///     fn from(timeout: ConnectTimeout) -> Self {
///         Self::Slow(timeout)
///     }
/// }
///
/// impl fmt::Display for Fault {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         let Self::Slow(timeout) = self;
///         timeout.fmt(f)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let connector = connector_fn(
///     async || std::future::pending::<Result<(), Fault>>().await,
///     async |()| Ok(()),
///     [Duration::from_secs(1); 2],
/// );
/// let limit = Duration::from_secs(5);
/// let ended = Runner::new(connector).connect_timeout(limit).run().await;
/// assert!(ended.is_err_and(|fault| fault.to_string() == "connect did not end within 5s"));
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectTimeout {
    /// The time that it was given.
    pub after: Duration,
}

impl fmt::Display for ConnectTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connect did not end within {:?}", self.after)
    }
}

impl Error for ConnectTimeout {}

impl From<ConnectTimeout> for io::Error {
    fn from(timeout: ConnectTimeout) -> Self {
        io::Error::new(io::ErrorKind::TimedOut, timeout)
    }
}

impl From<ConnectTimeout> for String {
    fn from(timeout: ConnectTimeout) -> Self {
        timeout.to_string()
    }
}

/// The longest that a `connect` may take, and how running over it becomes the connector's error.
#[derive(Debug)]
pub struct Limit<E> {
    pub(crate) after: Duration,
    pub(crate) error: fn(ConnectTimeout) -> E,
}

/// Drops a `connect` that takes too long.
pub(crate) struct Limited<D: Driven> {
    driven: D,
    limit: Limit<D::Error>,
}

impl<E: Send> Layer<E> for Limit<E> {
    type Around<D: Driven<Error = E>> = Limited<D>;

    fn around<D: Driven<Error = E>>(self, driven: D) -> Limited<D> {
        Limited {
            driven,
            limit: self,
        }
    }
}

impl<D: Driven> Driven for Limited<D> {
    type Connection = D::Connection;
    type Error = D::Error;
    type Ended = D::Ended;

    hand_on!(
        run,
        failed,
        retry_delay,
        waiting,
        wait,
        health,
        reconnecting,
        stopped
    );

    async fn connect(&mut self, began: Instant) -> ConnResult<D::Connection, D::Error> {
        let Limit { after, error } = self.limit;
        timeout(after, self.driven.connect(began))
            .await
            .unwrap_or_else(|_| ConnResult::Reconnect(error(ConnectTimeout { after })))
    }
}
