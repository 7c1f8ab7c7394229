use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::timeout;

use crate::ConnResult;

/// A `connect` was dropped because it took longer than
/// [`Runner::connect_timeout`](crate::Runner::connect_timeout) allows.
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

/// How long a `connect` may take. `()` sets no limit, at no cost.
pub(crate) trait Limit<E>: Send + Sync {
    /// Whether there is one.
    const SET: bool = true;

    fn limit<C: Send, F: Future<Output = ConnResult<C, E>> + Send>(
        &self,
        connect: Pin<&mut F>,
    ) -> impl Future<Output = ConnResult<C, E>> + Send;
}

impl<E> Limit<E> for () {
    const SET: bool = false;

    fn limit<C: Send, F: Future<Output = ConnResult<C, E>> + Send>(
        &self,
        connect: Pin<&mut F>,
    ) -> impl Future<Output = ConnResult<C, E>> + Send {
        connect
    }
}

/// A limit, and how it becomes the connector's error.
#[derive(Debug)]
pub struct Limited<E> {
    pub(crate) after: Duration,
    pub(crate) error: fn(ConnectTimeout) -> E,
}

impl<E: Send> Limit<E> for Limited<E> {
    async fn limit<C: Send, F: Future<Output = ConnResult<C, E>> + Send>(
        &self,
        connect: Pin<&mut F>,
    ) -> ConnResult<C, E> {
        let after = self.after;
        timeout(after, connect)
            .await
            .unwrap_or_else(|_| ConnResult::Reconnect((self.error)(ConnectTimeout { after })))
    }
}
