//! A connector that keeps a TCP connection: a dialer, a handler, and core's delays between them.

use std::any::Any;
use std::error::Error;
use std::fmt::{self, Display};
use std::future::Future;
use std::io;
use std::time::Duration;

use schmoozer_backoff::Exponential;
use schmoozer_core::{
    ConnResult, Connector, Delays, Failure, Health, Hint, NoHint, RetryResult, RunResult,
};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::memory::Route;
use crate::{DialError, Dialer, is_transient, message};

/// How long a connection lasts that says nothing against its address when it fails.
const STABLE_AFTER: Duration = Duration::from_secs(10);

/// Keeps a TCP connection: dials, hands the stream to a handler, and dials again when that fails.
///
/// The handler's `Ok(())` ends the loop. Its `Err`, like a dial's, is a reason to reconnect when it
/// may pass by itself, and ends the loop when not. The handler's error type is its own; it takes a
/// dial's errors in by `From<DialError>`, which `io::Error` and `Box<dyn Error + Send + Sync>` have.
///
/// ```
/// use schmoozer_tcp::{Dialer, TcpConnector, run};
/// use tokio::io::AsyncReadExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// # use tokio::io::AsyncWriteExt;
/// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let address = listener.local_addr()?;
/// # tokio::spawn(async move {
/// #     drop(listener.accept().await?);
/// #     listener.accept().await?.0.write_all(b"hello").await
/// # });
/// let connector = TcpConnector::new(Dialer::new(address)?, |mut stream| async move {
///     let mut greeting = [0; 5];
///     stream.read_exact(&mut greeting).await?;
///     assert_eq!(&greeting, b"hello");
///     Ok::<(), std::io::Error>(())
/// });
/// run(connector).await
/// # }
/// ```
///
/// | setting | default |
/// | --- | --- |
/// | [`delays`](Self::delays) | [`Exponential::default()`](schmoozer_backoff::Exponential) |
/// | [`reset_after`](Self::reset_after) | 10 s |
/// | [`give_up_after`](Self::give_up_after) | never |
/// | [`retry_if`](Self::retry_if) | the table at [`is_transient`](crate::is_transient()) |
///
/// # Which errors are retried
///
/// A dial's error goes by [`DialError::is_transient`], before it becomes the handler's. A handler's error
/// goes by the same table where it is an [`io::Error`] or a [`DialError`], or a
/// `Box<dyn Error + Send + Sync>` that has one of them in its chain of sources; what the table does not
/// know is retried. [`retry_if`](Self::retry_if) replaces all of this.
///
/// The type parameters are the handler, its error, the delay policy, and what reads a
/// [hint](Delays::hint) from an error; only the first two are ever written by hand, and those rarely.
#[must_use = "a connector does nothing until it is run"]
pub struct TcpConnector<H, E, P: IntoIterator = Exponential, G = NoHint> {
    dialer: Dialer,
    handler: H,
    delays: Delays<P, G>,
    reset_after: Option<Duration>,
    give_up_after: Option<Duration>,
    retry_if: Option<RetryIf<E>>,
    /// The last error was found to be worth another attempt.
    judged: bool,
    route: Option<Route>,
}

type RetryIf<E> = Box<dyn FnMut(&E) -> bool + Send>;

impl<H, E> TcpConnector<H, E, Exponential> {
    /// Makes a connector that dials with `dialer` and serves each connection with `handler`.
    pub fn new<Handling>(dialer: Dialer, handler: H) -> Self
    where
        H: FnMut(TcpStream) -> Handling,
        Handling: Future<Output = Result<(), E>> + Send,
        E: From<DialError>,
    {
        Self {
            dialer,
            handler,
            delays: Delays::new(Exponential::default()),
            reset_after: None,
            give_up_after: None,
            retry_if: None,
            judged: false,
            route: None,
        }
    }
}

impl<H, E, P, G> TcpConnector<H, E, P, G>
where
    P: Clone + IntoIterator<Item = Duration>,
{
    /// Draws the delays from this policy, or from [`Delays`] where more is to be set.
    ///
    /// ```
    /// use std::time::Duration;
    /// use schmoozer_tcp::schmoozer_backoff::{Exponential, Jitter};
    /// use schmoozer_tcp::{Dialer, TcpConnector};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let dialer = Dialer::new("db.example.com:5432")?;
    /// let policy = Exponential::new(Duration::from_millis(100))
    ///     .cap(Duration::from_secs(30))
    ///     .jitter(Jitter::Full);
    /// let connector = TcpConnector::new(dialer, async |_| std::io::Result::Ok(())).delays(policy);
    /// # drop(connector);
    /// # Ok(())
    /// # }
    /// ```
    pub fn delays<Q, F>(self, delays: impl Into<Delays<Q, F>>) -> TcpConnector<H, E, Q, F>
    where
        Q: Clone + IntoIterator<Item = Duration>,
    {
        let Self {
            dialer,
            handler,
            reset_after,
            give_up_after,
            retry_if,
            ..
        } = self;
        let mut delays = delays.into();
        if let Some(uptime) = reset_after {
            delays = delays.reset_after(uptime);
        }
        if let Some(outage) = give_up_after {
            delays = delays.give_up_after(outage);
        }
        TcpConnector {
            dialer,
            handler,
            delays,
            reset_after,
            give_up_after,
            retry_if,
            judged: false,
            route: None,
        }
    }

    /// Sets how long a connection must last to end an outage: see [`Delays::reset_after`].
    pub fn reset_after(mut self, uptime: Duration) -> Self {
        self.delays = self.delays.reset_after(uptime);
        self.reset_after = Some(uptime);
        self
    }

    /// Bounds an outage: see [`Delays::give_up_after`].
    pub fn give_up_after(mut self, outage: Duration) -> Self {
        self.delays = self.delays.give_up_after(outage);
        self.give_up_after = Some(outage);
        self
    }

    /// Says which errors are worth another attempt; the others end the loop. It is asked about those of dials and of the
    /// handler, and about a [`ConnectTimeout`](schmoozer_core::ConnectTimeout).
    ///
    /// It takes the place of the table at [`is_transient`](crate::is_transient()), so ask that for what you have no
    /// opinion on:
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use schmoozer_tcp::{Dialer, TcpConnector, is_transient};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let dialer = Dialer::new("db.example.com:5432")?;
    /// let connector = TcpConnector::new(dialer, async |_| std::io::Result::Ok(()))
    ///     .retry_if(|error| error.kind() != ErrorKind::InvalidData && is_transient(error));
    /// # drop(connector);
    /// # Ok(())
    /// # }
    /// ```
    pub fn retry_if(mut self, retry_if: impl FnMut(&E) -> bool + Send + 'static) -> Self {
        self.retry_if = Some(Box::new(retry_if));
        self
    }
}

impl<H, E: 'static, P: IntoIterator, G> TcpConnector<H, E, P, G> {
    fn judge(&mut self, cause: &E) -> bool {
        match &mut self.retry_if {
            Some(retry_if) => retry_if(cause),
            None => may_pass(cause),
        }
    }
}

impl<H, Handling, E, P, G> Connector for TcpConnector<H, E, P, G>
where
    H: FnMut(TcpStream) -> Handling + Send,
    Handling: Future<Output = Result<(), E>> + Send,
    E: From<DialError> + Display + Send + 'static,
    P: Clone + IntoIterator<Item = Duration> + Send,
    P::IntoIter: Send,
    G: Hint<E> + Send,
{
    type Connection = TcpStream;
    type Error = E;

    async fn connect(&mut self) -> ConnResult<TcpStream, E> {
        self.judged = false;
        let error = match self.dialer.connect().await {
            Ok((stream, route)) => {
                self.route = Some(route);
                return ConnResult::Connected(stream);
            }
            Err(error) => error,
        };
        // Asked before the conversion, which may hide what the table needs to know.
        let transient = error.is_transient();
        let cause = E::from(error);
        self.judged = match &mut self.retry_if {
            Some(retry_if) => retry_if(&cause),
            None => transient,
        };
        if self.judged {
            ConnResult::Reconnect(cause)
        } else {
            ConnResult::Exit(Err(cause))
        }
    }

    async fn run(&mut self, stream: TcpStream) -> RunResult<E> {
        let begun = Instant::now();
        let Err(cause) = (self.handler)(stream).await else {
            return RunResult::Exit(Ok(()));
        };
        if let Some(route) = self.route {
            let stable = begun.elapsed() >= self.reset_after.unwrap_or(STABLE_AFTER);
            self.dialer.connection_failed(route, stable);
        }
        self.judged = self.judge(&cause);
        if self.judged {
            RunResult::Reconnect(cause)
        } else {
            RunResult::Exit(Err(cause))
        }
    }

    async fn retry_delay(&mut self, failure: Failure<E>) -> RetryResult<E> {
        // Not judged when it is the loop's: a timeout of `connect`.
        if self.judged || self.judge(&failure.cause) {
            self.delays.on_failure(failure)
        } else {
            RetryResult::Exit(Err(failure.cause))
        }
    }

    fn display_target(&self) -> Option<String> {
        let targets: Vec<_> = self.dialer.targets().iter().collect();
        let mut text = String::new();
        message::names(&targets, &mut text).ok()?;
        Some(text)
    }

    fn health(&self) -> Health {
        self.delays.health()
    }
}

/// Classifies an error of any type, as far as its type is known.
fn may_pass<E: 'static>(error: &E) -> bool {
    let error: &dyn Any = error;
    if let Some(boxed) = error.downcast_ref::<Box<dyn Error + Send + Sync>>() {
        let mut chain = Some(&**boxed as &(dyn Error + 'static));
        while let Some(error) = chain {
            if let Some(known) = known(error.downcast_ref(), error.downcast_ref()) {
                return known;
            }
            chain = error.source();
        }
    }
    known(error.downcast_ref(), error.downcast_ref()).unwrap_or(true)
}

fn known(io: Option<&io::Error>, dial: Option<&DialError>) -> Option<bool> {
    io.map(is_transient)
        .or_else(|| dial.map(DialError::is_transient))
}

impl<H, E, P, G> fmt::Debug for TcpConnector<H, E, P, G>
where
    P: IntoIterator + fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpConnector")
            .field("dialer", &self.dialer)
            .field("delays", &self.delays)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn an_io_error_of_the_handler_goes_by_the_table() {
        assert!(may_pass(&io::Error::from(ErrorKind::ConnectionReset)));
        assert!(!may_pass(&io::Error::from(ErrorKind::PermissionDenied)));
    }

    #[test]
    fn a_dial_error_of_the_handler_goes_by_the_table() {
        assert!(!may_pass(&DialError::AllFailed { tried: Vec::new() }));
        assert!(may_pass(&DialError::Timeout {
            after: Duration::ZERO,
            tried: Vec::new()
        }));
    }

    #[test]
    fn a_boxed_error_goes_by_what_is_in_it() {
        #[derive(Debug, thiserror::Error)]
        #[error("the login failed")]
        struct Login(#[source] io::Error);

        let boxed =
            |kind: ErrorKind| -> Box<dyn Error + Send + Sync> { Box::new(Login(kind.into())) };
        assert!(may_pass(&boxed(ErrorKind::BrokenPipe)));
        assert!(!may_pass(&boxed(ErrorKind::Unsupported)));
        assert!(may_pass(&Box::<dyn Error + Send + Sync>::from(
            "something else"
        )));
    }

    #[test]
    fn an_error_of_another_type_is_retried() {
        assert!(may_pass(&"the server said no"));
    }
}
