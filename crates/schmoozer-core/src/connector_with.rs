use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use crate::{
    ConnResult, Connector, ConnectorFn, End, Failure, Lifecycle, Retry, RetryResult, RunResult,
    Session,
};

/// Makes a connector of a state, two functions that borrow it, and a delay policy.
///
/// The state outlives connections: a queue, counters, a session token. `connect` and `serve` are async functions that
/// take `&mut S` first, such as methods of `S`. An `async` closure may only borrow what it captures. The rest is as in
/// [`connector_fn`](crate::connector_fn). [`into_state`](ConnectorFn::into_state) returns the state.
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
///             connection.push_str(job); // sent, and only now taken out
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
) -> ConnectorFn<(S, Connect, Serve), E, P>
where
    Connect: for<'a> ConnectWith<'a, S, E, Connection = C>,
    Serve: for<'a> ServeWith<'a, S, C, E>,
    P: Clone + IntoIterator<Item = Duration>,
{
    ConnectorFn::new((state, connect, serve), retry.into())
}

impl<S, Connect, Serve, E, P: IntoIterator> ConnectorFn<(S, Connect, Serve), E, P> {
    /// Returns the state that it was made with.
    pub fn into_state(self) -> S {
        self.parts.0
    }
}

/// A function that connects with a borrowed state: `async fn(&mut S) -> Result<C, E>`. Implemented by all of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not connect with a borrowed `{S}`",
    label = "expected `async fn(&mut {S}) -> Result<_, {E}>`",
    note = "a method of the state fits, or an async closure that only borrows what it captures; its future must be `Send`"
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
/// `async fn(&mut S, C, Session) -> Result<End, E>`. Implemented by all of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not serve a `{C}` with a borrowed `{S}`",
    label = "expected `async fn(&mut {S}, {C}, Session) -> Result<End, {E}>`",
    note = "a method of the state fits, or an async closure that only borrows what it captures; its future must be `Send`"
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

impl<S, Connect, Serve, C, E, P> Connector for ConnectorFn<(S, Connect, Serve), E, P>
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

    // Not `async fn`: what these call borrows the state for as long as the future lives.
    fn connect(&mut self) -> impl Future<Output = ConnResult<C, E>> + Send {
        let (state, connect, _) = &mut self.parts;
        let connecting = connect(state);
        async { connecting.await.into() }
    }

    fn run(
        &mut self,
        connection: C,
        session: Session,
    ) -> impl Future<Output = RunResult<E>> + Send {
        let (state, _, serve) = &mut self.parts;
        let serving = serve(state, connection, session);
        async { serving.await.into() }
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
