use std::fmt::{self, Display};
use std::future::Future;
use std::time::Duration;

use crate::{
    ConnResult, Connector, End, Failure, Lifecycle, Retry, RetryResult, RunResult, Session,
};

/// Makes a connector of two closures and a delay policy.
///
/// `connect` establishes a connection and returns `Result<C, E>`. `serve` runs it and returns `Result<End, E>`:
/// `Ok(End::Exit)` ends the loop, `Ok(End::Renew)` connects again, and an `Err` is a lost connection. `retry` is a
/// policy, or a [`Retry`] where more is to be set. Every error is retried, unless [`retry_if`](ConnectorFn::retry_if)
/// says otherwise.
///
/// State that both closures use, or that outlives connections, goes to [`connector_with`](crate::connector_with).
///
/// # Examples
///
/// ```
/// use std::{io, time::Duration};
/// use schmoozer_core::{End, connector_fn, run};
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
///     async |connection, _session| {
///         assert_eq!(connection, "a connection");
///         Ok(End::Exit)
///     },
///     [Duration::from_millis(10); 3],
/// );
/// run(connector).await
/// # }
/// ```
pub fn connector_fn<Connect, Connecting, Connection, Serve, Serving, E, P>(
    connect: Connect,
    serve: Serve,
    retry: impl Into<Retry<P>>,
) -> ConnectorFn<(Connect, Serve), E, P>
where
    Connect: FnMut() -> Connecting,
    Connecting: Future<Output = Result<Connection, E>> + Send,
    Serve: FnMut(Connection, Session) -> Serving,
    Serving: Future<Output = Result<End, E>> + Send,
    P: Clone + IntoIterator<Item = Duration>,
{
    ConnectorFn::new((connect, serve), retry.into())
}

/// A [`Connector`] made of closures by [`connector_fn`] or [`connector_with`](crate::connector_with).
///
/// `F` is what it was made of, as a tuple.
#[must_use = "a connector does nothing until it is run"]
pub struct ConnectorFn<F, E, P: IntoIterator> {
    pub(crate) parts: F,
    retry: Retry<P>,
    retry_if: Option<RetryIf<E>>,
    hint: Option<Hint<E>>,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) target: Option<String>,
}

type RetryIf<E> = Box<dyn FnMut(&Failure<E>) -> bool + Send>;
type Hint<E> = Box<dyn FnMut(&E) -> Option<Duration> + Send>;

impl<F, E, P: Clone + IntoIterator<Item = Duration>> ConnectorFn<F, E, P> {
    pub(crate) fn new(parts: F, retry: Retry<P>) -> Self {
        Self {
            parts,
            retry,
            retry_if: None,
            hint: None,
            lifecycle: Lifecycle::new(),
            target: None,
        }
    }

    pub(crate) fn decide(&mut self, failure: Failure<E>) -> RetryResult<E> {
        let is_final = |retry_if: &mut RetryIf<E>| !retry_if(&failure);
        if self.retry_if.as_mut().is_some_and(is_final) {
            return RetryResult::Exit(Err(failure.cause));
        }
        let hint = self.hint.as_mut();
        let asked = hint.and_then(|hint| hint(&failure.cause));
        self.retry.on_failure_asked(failure, asked)
    }

    /// Sets which failures are retried. Any other failure ends the loop with its error: [`Why::Final`](crate::Why::Final).
    pub fn retry_if(mut self, retry_if: impl FnMut(&Failure<E>) -> bool + Send + 'static) -> Self {
        self.retry_if = Some(Box::new(retry_if));
        self
    }

    /// Reads from an error how long the server asks its clients to wait. See
    /// [`Retry::on_failure_asked`].
    pub fn hint(mut self, hint: impl FnMut(&E) -> Option<Duration> + Send + 'static) -> Self {
        self.hint = Some(Box::new(hint));
        self
    }

    /// Sets the constants of a connection's life.
    pub fn lifecycle(mut self, lifecycle: Lifecycle) -> Self {
        self.lifecycle = lifecycle;
        self
    }

    /// Sets [`Lifecycle::stable_after`], by default 10 s.
    pub fn stable_after(mut self, uptime: Duration) -> Self {
        self.lifecycle = self.lifecycle.stable_after(uptime);
        self
    }

    /// Sets [`Lifecycle::ready_when_marked`]: `serve` calls [`Session::ready`].
    pub fn ready_when_marked(mut self) -> Self {
        self.lifecycle = self.lifecycle.ready_when_marked();
        self
    }

    /// Sets the name of the target in logs. It must not hold a secret.
    pub fn target(mut self, name: impl Into<String>) -> Self {
        self.target = Some(name.into());
        self
    }
}

impl<Connect, Connecting, C, Serve, Serving, E, P> Connector for ConnectorFn<(Connect, Serve), E, P>
where
    Connect: FnMut() -> Connecting + Send,
    Connecting: Future<Output = Result<C, E>> + Send,
    Serve: FnMut(C, Session) -> Serving + Send,
    Serving: Future<Output = Result<End, E>> + Send,
    C: Send,
    E: Display + Send,
    P: Clone + IntoIterator<Item = Duration> + Send,
    P::IntoIter: Send,
{
    type Connection = C;
    type Error = E;

    async fn connect(&mut self) -> ConnResult<C, E> {
        (self.parts.0)().await.into()
    }

    async fn run(&mut self, connection: C, session: Session) -> RunResult<E> {
        (self.parts.1)(connection, session).await.into()
    }

    async fn retry_delay(&mut self, failure: Failure<E>) -> RetryResult<E> {
        self.decide(failure)
    }

    fn display_target(&self) -> Option<String> {
        self.target.clone()
    }

    fn lifecycle(&self) -> Lifecycle {
        self.lifecycle
    }
}

impl<F, E, P: IntoIterator> fmt::Debug for ConnectorFn<F, E, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectorFn")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}
