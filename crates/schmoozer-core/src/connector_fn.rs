use std::fmt::{self, Display};
use std::future::Future;
use std::marker::PhantomData;
use std::time::Duration;

use crate::{ConnResult, Connector, Delays, Failure, Health, Hint, NoHint, RetryResult, RunResult};

/// Makes a connector of two closures and a delay policy.
///
/// `connect` establishes a connection; `run` serves it, and its `Ok(())` ends the loop. An `Err` of
/// either is a reason to reconnect, unless [`retry_if`](ConnectorFn::retry_if) says otherwise. `delays`
/// is a policy, or [`Delays`] where more is to be set.
///
/// # Examples
///
/// ```
/// use std::{io, time::Duration};
/// use schmoozer_core::{connector_fn, run};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> io::Result<()> {
/// let mut refusals = 2;
/// let connector = connector_fn(
///     move || {
///         refusals -= 1;
///         async move {
///             match refusals {
///                 0 => Ok("a connection"),
///                 _ => Err(io::Error::from(io::ErrorKind::ConnectionRefused)),
///             }
///         }
///     },
///     async |connection| {
///         assert_eq!(connection, "a connection");
///         Ok(())
///     },
///     [Duration::from_millis(10); 3],
/// );
/// run(connector).await
/// # }
/// ```
pub fn connector_fn<Connect, Connecting, Connection, Run, Running, E, P, H>(
    connect: Connect,
    run: Run,
    delays: impl Into<Delays<P, H>>,
) -> ConnectorFn<Connect, Run, E, P, H>
where
    Connect: FnMut() -> Connecting,
    Connecting: Future<Output = Result<Connection, E>> + Send,
    Run: FnMut(Connection) -> Running,
    Running: Future<Output = Result<(), E>> + Send,
    P: Clone + IntoIterator<Item = Duration>,
{
    ConnectorFn {
        connect,
        run,
        delays: delays.into(),
        retry_if: |_| true,
        judged: false,
        target: None,
        error: PhantomData,
    }
}

/// A [`Connector`] made of closures by [`connector_fn`].
#[must_use = "a connector does nothing until it is run"]
pub struct ConnectorFn<Connect, Run, E, P: IntoIterator, H = NoHint, R = fn(&E) -> bool> {
    connect: Connect,
    run: Run,
    delays: Delays<P, H>,
    retry_if: R,
    /// `retry_if` has let the last error pass.
    judged: bool,
    target: Option<String>,
    error: PhantomData<fn(E)>,
}

impl<Connect, Run, E, P, H, R> ConnectorFn<Connect, Run, E, P, H, R>
where
    P: Clone + IntoIterator<Item = Duration>,
{
    /// Says which errors are worth another attempt; the others end the loop. By default all are.
    ///
    /// It is asked about errors of both closures, and about a [`ConnectTimeout`](crate::ConnectTimeout).
    pub fn retry_if<Q: FnMut(&E) -> bool>(
        self,
        retry_if: Q,
    ) -> ConnectorFn<Connect, Run, E, P, H, Q> {
        ConnectorFn {
            connect: self.connect,
            run: self.run,
            delays: self.delays,
            retry_if,
            judged: false,
            target: self.target,
            error: PhantomData,
        }
    }

    /// Sets how long a connection must last to end an outage: see [`Delays::reset_after`].
    pub fn reset_after(mut self, uptime: Duration) -> Self {
        self.delays = self.delays.reset_after(uptime);
        self
    }

    /// Bounds an outage: see [`Delays::give_up_after`].
    pub fn give_up_after(mut self, outage: Duration) -> Self {
        self.delays = self.delays.give_up_after(outage);
        self
    }

    /// Names the target in logs: see [`Connector::display_target`].
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }
}

impl<Connect, Run, E, P: IntoIterator, H, R: FnMut(&E) -> bool>
    ConnectorFn<Connect, Run, E, P, H, R>
{
    fn judge(&mut self, cause: &E) -> bool {
        self.judged = (self.retry_if)(cause);
        self.judged
    }
}

impl<Connect, Connecting, Connection, Run, Running, E, P, H, R> Connector
    for ConnectorFn<Connect, Run, E, P, H, R>
where
    Connect: FnMut() -> Connecting + Send,
    Connecting: Future<Output = Result<Connection, E>> + Send,
    Connection: Send,
    Run: FnMut(Connection) -> Running + Send,
    Running: Future<Output = Result<(), E>> + Send,
    E: Display + Send,
    P: Clone + IntoIterator<Item = Duration> + Send,
    P::IntoIter: Send,
    H: Hint<E> + Send,
    R: FnMut(&E) -> bool + Send,
{
    type Connection = Connection;
    type Error = E;

    async fn connect(&mut self) -> ConnResult<Connection, E> {
        self.judged = false;
        match (self.connect)().await {
            Ok(connection) => ConnResult::Connected(connection),
            Err(cause) if self.judge(&cause) => ConnResult::Reconnect(cause),
            Err(cause) => ConnResult::Exit(Err(cause)),
        }
    }

    async fn run(&mut self, connection: Connection) -> RunResult<E> {
        match (self.run)(connection).await {
            Ok(()) => RunResult::Exit(Ok(())),
            Err(cause) if self.judge(&cause) => RunResult::Reconnect(cause),
            Err(cause) => RunResult::Exit(Err(cause)),
        }
    }

    async fn retry_delay(&mut self, failure: Failure<E>) -> RetryResult<E> {
        // Not judged when it is the loop's: a timeout of `connect`.
        if self.judged || (self.retry_if)(&failure.cause) {
            self.delays.on_failure(failure)
        } else {
            RetryResult::Exit(Err(failure.cause))
        }
    }

    fn display_target(&self) -> Option<String> {
        self.target.clone()
    }

    fn health(&self) -> Health {
        self.delays.health()
    }
}

impl<Connect, Run, E, P, H, R> fmt::Debug for ConnectorFn<Connect, Run, E, P, H, R>
where
    P: IntoIterator + fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectorFn")
            .field("delays", &self.delays)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}
