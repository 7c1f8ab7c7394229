use std::fmt::{self, Display};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::{
    ConnResult, Connector, End, Failure, Lifecycle, Retry, RetryResult, RunResult, Session,
};

/// Makes a connector from two closures and a delay policy.
///
/// `connect` establishes a connection and returns `Result<C, E>`. `serve` runs it and returns `Result<End, E>`:
/// `Ok(End::Exit)` ends the loop, `Ok(End::Renew)` connects again, and an `Err` is a lost connection. `retry` is a
/// delay policy, or a [`Retry`] with more settings. Every error that [`retry_if`](ConnectorFn::retry_if) accepts is
/// retried, until the policy ends.
///
/// State that both closures use, or that outlives connections, goes to [`connector_with`].
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
    mut connect: Connect,
    mut serve: Serve,
    retry: impl Into<Retry<P>>,
) -> ConnectorFn<
    (),
    impl for<'a> ConnectWith<'a, (), E, Connection = Connection>,
    impl for<'a> ServeWith<'a, (), Connection, E>,
    E,
    P,
>
where
    Connect: FnMut() -> Connecting + Send,
    Connecting: Future<Output = Result<Connection, E>> + Send,
    Connection: Send,
    Serve: FnMut(Connection, Session) -> Serving + Send,
    Serving: Future<Output = Result<End, E>> + Send,
    P: Clone + IntoIterator<Item = Duration>,
{
    connector_with(
        (),
        move |(): &mut ()| connect(),
        move |(): &mut (), connection, session| serve(connection, session),
        retry,
    )
}

/// Makes a connector from a state, two functions that borrow it, and a delay policy.
///
/// The state outlives connections: a queue, counters, a session token. `connect` and `serve` are async functions that
/// take `&mut S` first, such as methods of `S`. An `async` closure may capture only shared references: one that owns or
/// changes a captured value does not implement `FnMut`. The rest is as in [`connector_fn`]. [`into_state`](ConnectorFn::into_state) returns the state.
///
/// # Examples
///
/// ```
/// use std::{collections::VecDeque, io, time::Duration};
/// use schmoozer_core::{End, Session, connector_with, run};
///
/// struct Queue { jobs: VecDeque<&'static str> }
///
/// impl Queue {
///     async fn connect(&mut self) -> io::Result<String> {
///         Ok(String::new())
///     }
///
///     async fn drain(&mut self, mut connection: String, session: Session) -> io::Result<End> {
///         session.ready();
///         while let Some(job) = self.jobs.front() {
///             connection.push_str(job); // send it first, then take it out
///             self.jobs.pop_front();
///         }
///         Ok(End::Exit)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> io::Result<()> {
/// let queue = Queue { jobs: ["a", "b"].into() };
/// let mut link = connector_with(queue, Queue::connect, Queue::drain, [Duration::from_secs(1); 5]);
/// run(&mut link).await?;
/// assert!(link.into_state().jobs.is_empty());
/// # Ok(())
/// # }
/// ```
pub fn connector_with<S, Connect, Serve, C, E, P>(
    state: S,
    connect: Connect,
    serve: Serve,
    retry: impl Into<Retry<P>>,
) -> ConnectorFn<S, Connect, Serve, E, P>
where
    Connect: for<'a> ConnectWith<'a, S, E, Connection = C>,
    Serve: for<'a> ServeWith<'a, S, C, E>,
    P: Clone + IntoIterator<Item = Duration>,
{
    ConnectorFn {
        state,
        connect,
        serve,
        retry: retry.into(),
        retry_if: None,
        hint: None,
        lifecycle: Lifecycle::new(),
        target: None,
    }
}

/// A [`Connector`] made from a state and two functions by [`connector_with`]. [`connector_fn`] makes one with the state `()`.
///
/// To write its type down, for example in a field, use `connector_with` and function pointers. Closures have no names.
///
/// ```
/// use std::{future::{Ready, ready}, time::Duration};
/// use schmoozer_core::{ConnectorFn, End, Session, connector_with};
///
/// type Connect = fn(&mut ()) -> Ready<Result<u8, String>>;
/// type Serve = fn(&mut (), u8, Session) -> Ready<Result<End, String>>;
///
/// struct Program {
///     link: ConnectorFn<(), Connect, Serve, String, [Duration; 1]>,
/// }
///
/// let (connect, serve): (Connect, Serve) = (|_| ready(Ok(7)), |_, _, _| ready(Ok(End::Exit)));
/// let program = Program {
///     link: connector_with((), connect, serve, [Duration::from_secs(1)]),
/// };
/// let _ = schmoozer_core::run(program.link);
/// ```
#[must_use = "a connector does nothing until it is run"]
pub struct ConnectorFn<S, Connect, Serve, E, P: IntoIterator> {
    state: S,
    connect: Connect,
    serve: Serve,
    retry: Retry<P>,
    retry_if: Option<RetryIf<E>>,
    hint: Option<Hint<E>>,
    lifecycle: Lifecycle,
    target: Option<String>,
}

type RetryIf<E> = Box<dyn FnMut(&Failure<E>) -> bool + Send>;
type Hint<E> = Box<dyn FnMut(&E) -> Option<Duration> + Send>;

impl<S, Connect, Serve, E, P: IntoIterator> ConnectorFn<S, Connect, Serve, E, P> {
    /// Sets which failures are retried. Any other failure ends the loop with its error: [`Why::Final`](crate::Why::Final).
    pub fn retry_if(mut self, retry_if: impl FnMut(&Failure<E>) -> bool + Send + 'static) -> Self {
        self.retry_if = Some(Box::new(retry_if));
        self
    }

    /// Sets the function that reads from an error how long the server asks its clients to wait. `None` means that the error
    /// does not say. See [`Retry::on_failure_asked`].
    pub fn hint(mut self, hint: impl FnMut(&E) -> Option<Duration> + Send + 'static) -> Self {
        self.hint = Some(Box::new(hint));
        self
    }

    /// Sets when a connection is ready and stable, and the shortest time between two attempts.
    pub fn lifecycle(mut self, lifecycle: Lifecycle) -> Self {
        self.lifecycle = lifecycle;
        self
    }

    /// Sets [`Lifecycle::stable_after`], by default 10 s.
    pub fn stable_after(mut self, uptime: Duration) -> Self {
        self.lifecycle = self.lifecycle.stable_after(uptime);
        self
    }

    /// Sets [`Lifecycle::ready_when_marked`]. A connection is then ready only after `serve` calls [`Session::ready`].
    pub fn ready_when_marked(mut self) -> Self {
        self.lifecycle = self.lifecycle.ready_when_marked();
        self
    }

    /// Sets the name of the target in logs. It must not hold a secret.
    pub fn target(mut self, name: impl Into<String>) -> Self {
        self.target = Some(name.into());
        self
    }
    /// Returns the state, with all that `connect` and `serve` changed in it.
    pub fn into_state(self) -> S {
        self.state
    }
}

impl<S, Connect, Serve, C, E, P> Connector for ConnectorFn<S, Connect, Serve, E, P>
where
    S: Send,
    Connect: for<'a> ConnectWith<'a, S, E, Connection = C>,
    Serve: for<'a> ServeWith<'a, S, C, E>,
    C: Send,
    E: Display + Send,
    P: Clone + IntoIterator<Item = Duration> + Send,
    P::IntoIter: Send,
{
    type Connection = C;
    type Error = E;

    // Not `async fn`: its future would keep its arguments beside the future of the function.
    fn connect(&mut self) -> impl Future<Output = ConnResult<C, E>> + Send {
        Converted {
            future: (self.connect)(&mut self.state),
            into: PhantomData,
        }
    }

    fn run(
        &mut self,
        connection: C,
        session: Session,
    ) -> impl Future<Output = RunResult<E>> + Send {
        Converted {
            future: (self.serve)(&mut self.state, connection, session),
            into: PhantomData,
        }
    }

    async fn retry_delay(&mut self, failure: Failure<E>) -> RetryResult<E> {
        let is_final = |retry_if: &mut RetryIf<E>| !retry_if(&failure);
        if self.retry_if.as_mut().is_some_and(is_final) {
            return RetryResult::Exit(Err(failure.cause));
        }
        let hint = self.hint.as_mut();
        let asked = hint.and_then(|hint| hint(&failure.cause));
        self.retry.on_failure_asked(failure, asked)
    }

    fn display_target(&self) -> Option<String> {
        self.target.clone()
    }

    fn lifecycle(&self) -> Lifecycle {
        self.lifecycle
    }
}

pin_project! {
    /// A future whose output is converted. An `async` block would hold the future twice.
    struct Converted<F, T> {
        #[pin]
        future: F,
        into: PhantomData<T>,
    }
}

impl<F: Future<Output: Into<T>>, T> Future for Converted<F, T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.project().future.poll(cx).map(Into::into)
    }
}

impl<S, Connect, Serve, E, P: IntoIterator> fmt::Debug for ConnectorFn<S, Connect, Serve, E, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectorFn")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// A function that connects with a borrowed state: `async fn(&mut S) -> Result<C, E>`. Implemented for every such function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a connect function for the state `{S}`",
    label = "expected `async fn(&mut {S}) -> Result<_, {E}>`",
    note = "use an async method of the state, or an async closure that captures only shared references; the future of either must be `Send`"
)]
pub trait ConnectWith<'a, S: 'a, E>: FnMut(&'a mut S) -> Self::Connecting + Send {
    /// What it establishes.
    type Connection: Send;
    /// The future that it returns.
    type Connecting: Future<Output = Result<Self::Connection, E>> + Send;
}

impl<'a, S: 'a, C: Send, E, F, Fut> ConnectWith<'a, S, E> for F
where
    F: FnMut(&'a mut S) -> Fut + Send,
    Fut: Future<Output = Result<C, E>> + Send,
{
    type Connection = C;
    type Connecting = Fut;
}

/// A function that runs a connection with a borrowed state:
/// `async fn(&mut S, C, Session) -> Result<End, E>`. Implemented for every such function.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a serve function for the connection `{C}` and the state `{S}`",
    label = "expected `async fn(&mut {S}, {C}, Session) -> Result<End, {E}>`",
    note = "use an async method of the state, or an async closure that captures only shared references; the future of either must be `Send`"
)]
pub trait ServeWith<'a, S: 'a, C, E>: FnMut(&'a mut S, C, Session) -> Self::Serving + Send {
    /// The future that it returns.
    type Serving: Future<Output = Result<End, E>> + Send;
}

impl<'a, S: 'a, C, E, F, Fut> ServeWith<'a, S, C, E> for F
where
    F: FnMut(&'a mut S, C, Session) -> Fut + Send,
    Fut: Future<Output = Result<End, E>> + Send,
{
    type Serving = Fut;
}
