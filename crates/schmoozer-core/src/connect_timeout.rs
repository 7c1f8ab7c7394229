use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

/// A `connect` was dropped because it took longer than
/// [`Runner::connect_timeout`](crate::Runner::connect_timeout) allows.
///
/// # Examples
///
/// An error type of your own converts from it:
///
/// ```
/// use std::{fmt, time::Duration};
/// use schmoozer_core::{ConnectTimeout, End, Runner, connector_fn};
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
///     async |(), _session| Ok(End::Exit),
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
