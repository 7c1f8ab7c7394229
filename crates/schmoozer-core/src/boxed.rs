use std::any::Any;
use std::fmt::{self, Display};
use std::future::Future;

use crate::signals::BoxFuture;
use crate::{ConnResult, Connector, Failure, Lifecycle, RetryResult, RunResult, Session};

/// A connector whose type is hidden: made by [`Connector::boxed`].
///
/// # Examples
///
/// ```
/// use std::{io, time::Duration};
/// use schmoozer_core::{BoxConnector, Connector, End, connector_fn, run};
/// use tokio::task::JoinSet;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> io::Result<()> {
/// let number = connector_fn(async || Ok(1_u8), async |_: u8, _| Ok(End::Exit), [Duration::from_secs(1)]);
/// let text = connector_fn(async || Ok("one"), async |_: &str, _| Ok(End::Exit), [Duration::from_secs(1)]);
/// let links: Vec<BoxConnector<io::Error>> = vec![number.boxed(), text.boxed()];
///
/// let mut running = JoinSet::new();
/// for link in links {
///     running.spawn(run(link));
/// }
/// while let Some(ended) = running.join_next().await {
///     ended??;
/// }
/// # Ok(())
/// # }
/// ```
pub struct BoxConnector<E> {
    inner: Box<dyn Erased<E>>,
}

impl<E: Display + Send> BoxConnector<E> {
    pub(crate) fn new<C>(connector: C) -> Self
    where
        C: Connector<Error = E> + 'static,
        C::Connection: 'static,
    {
        Self {
            inner: Box::new(connector),
        }
    }
}

impl<E> fmt::Debug for BoxConnector<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxConnector").finish_non_exhaustive()
    }
}

/// The connection of a [`BoxConnector`]; only the connector that established it can run it.
pub struct BoxConnection {
    inner: Box<dyn Any + Send>,
}

impl BoxConnection {
    /// Takes the connection out.
    ///
    /// # Errors
    ///
    /// The connection itself when it is no `T`.
    pub fn downcast<T: 'static>(self) -> Result<T, Self> {
        match self.inner.downcast() {
            Ok(connection) => Ok(*connection),
            Err(inner) => Err(Self { inner }),
        }
    }
}

impl fmt::Debug for BoxConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxConnection").finish_non_exhaustive()
    }
}

impl<E: Display + Send> Connector for BoxConnector<E> {
    type Connection = BoxConnection;
    type Error = E;

    fn connect(&mut self) -> impl Future<Output = ConnResult<BoxConnection, E>> + Send {
        self.inner.connect()
    }

    /// # Panics
    ///
    /// When `connection` is of another kind of connector.
    fn run(
        &mut self,
        connection: BoxConnection,
        session: Session,
    ) -> impl Future<Output = RunResult<E>> + Send {
        self.inner.run(connection, session)
    }

    fn retry_delay(&mut self, failure: Failure<E>) -> impl Future<Output = RetryResult<E>> + Send {
        self.inner.retry_delay(failure)
    }

    fn display_target(&self) -> Option<String> {
        self.inner.display_target()
    }

    fn lifecycle(&self) -> Lifecycle {
        self.inner.lifecycle()
    }

    fn holds_connection(&self) -> bool {
        self.inner.holds_connection()
    }
}

/// [`Connector`] in a shape that can be a trait object.
trait Erased<E>: Send {
    fn connect(&mut self) -> BoxFuture<'_, ConnResult<BoxConnection, E>>;
    fn run(&mut self, connection: BoxConnection, session: Session) -> BoxFuture<'_, RunResult<E>>;
    fn retry_delay<'a>(&'a mut self, failure: Failure<E>) -> BoxFuture<'a, RetryResult<E>>
    where
        E: 'a;
    fn display_target(&self) -> Option<String>;
    fn lifecycle(&self) -> Lifecycle;
    fn holds_connection(&self) -> bool;
}

impl<C> Erased<C::Error> for C
where
    C: Connector,
    C::Connection: 'static,
{
    fn connect(&mut self) -> BoxFuture<'_, ConnResult<BoxConnection, C::Error>> {
        Box::pin(async {
            match Connector::connect(self).await {
                ConnResult::Connected(connection) => ConnResult::Connected(BoxConnection {
                    inner: Box::new(connection),
                }),
                ConnResult::Reconnect(cause) => ConnResult::Reconnect(cause),
                ConnResult::Exit(result) => ConnResult::Exit(result),
            }
        })
    }

    fn run(
        &mut self,
        connection: BoxConnection,
        session: Session,
    ) -> BoxFuture<'_, RunResult<C::Error>> {
        let connection = connection
            .downcast()
            .expect("a connection is run by the connector that established it");
        Box::pin(Connector::run(self, connection, session))
    }

    fn retry_delay<'a>(
        &'a mut self,
        failure: Failure<C::Error>,
    ) -> BoxFuture<'a, RetryResult<C::Error>>
    where
        C::Error: 'a,
    {
        Box::pin(Connector::retry_delay(self, failure))
    }

    fn display_target(&self) -> Option<String> {
        Connector::display_target(self)
    }

    fn lifecycle(&self) -> Lifecycle {
        Connector::lifecycle(self)
    }

    fn holds_connection(&self) -> bool {
        Connector::holds_connection(self)
    }
}
