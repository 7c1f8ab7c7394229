//! The functions that a [`TcpConnector`](crate::TcpConnector) is made of.

use std::future::Future;
use std::io;

use schmoozer_core::{End, ServeWith, Session};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// Makes the connection that is served of a stream that has just come up. Implemented by the closures of
/// [`TcpConnector::upgraded`](crate::TcpConnector::upgraded), and by [`Plain`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not upgrade a `TcpStream`",
    label = "expected `async fn(TcpStream) -> Result<_, {E}>`",
    note = "its future must be `Send`, and the error type must be `From<std::io::Error>`"
)]
pub trait Upgrade<E>: Send {
    /// What is served.
    type Connection: Send;

    /// Upgrades `stream`, until `limit` at the latest.
    fn upgrade(
        &mut self,
        stream: TcpStream,
        limit: Option<Instant>,
    ) -> impl Future<Output = Result<Self::Connection, E>> + Send;
}

/// No upgrade: the stream itself is served.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Plain;

impl<E> Upgrade<E> for Plain {
    type Connection = TcpStream;

    async fn upgrade(&mut self, stream: TcpStream, _: Option<Instant>) -> Result<TcpStream, E> {
        Ok(stream)
    }
}

impl<F, Upgrading, C, E> Upgrade<E> for F
where
    F: FnMut(TcpStream) -> Upgrading + Send,
    Upgrading: Future<Output = Result<C, E>> + Send,
    C: Send,
    E: From<io::Error>,
{
    type Connection = C;

    fn upgrade(
        &mut self,
        stream: TcpStream,
        limit: Option<Instant>,
    ) -> impl Future<Output = Result<C, E>> + Send {
        let upgrading = self(stream);
        async move {
            match limit {
                Some(limit) => timeout_at(limit, upgrading).await.unwrap_or_else(|_| {
                    let late = "connected, but not upgraded within the dial's timeout";
                    Err(io::Error::new(io::ErrorKind::TimedOut, late).into())
                }),
                None => upgrading.await,
            }
        }
    }
}

/// Serves a connection. Implemented by closures, and by [`WithState`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not serve a `{C}`",
    label = "expected `async fn({C}, Session) -> Result<End, {E}>`",
    note = "its future must be `Send`; the documentation of the module `_handlers` shows which closures fit",
    note = "with a state, pass the state itself, not a reference to it"
)]
pub trait Serve<C, E>: Send {
    /// Serves `connection` until it ends.
    fn serve(
        &mut self,
        connection: C,
        session: Session,
    ) -> impl Future<Output = Result<End, E>> + Send;
}

impl<F, Serving, C, E> Serve<C, E> for F
where
    F: FnMut(C, Session) -> Serving + Send,
    Serving: Future<Output = Result<End, E>> + Send,
{
    fn serve(
        &mut self,
        connection: C,
        session: Session,
    ) -> impl Future<Output = Result<End, E>> + Send {
        self(connection, session)
    }
}

/// A function that serves with a state: what [`TcpConnector::with_state`](crate::TcpConnector::with_state) keeps.
#[derive(Debug)]
pub struct WithState<S, F> {
    pub(crate) state: S,
    pub(crate) serve: F,
}

impl<S, F, C, E> Serve<C, E> for WithState<S, F>
where
    S: Send + 'static,
    F: for<'a> ServeWith<'a, S, C, E>,
{
    fn serve(
        &mut self,
        connection: C,
        session: Session,
    ) -> impl Future<Output = Result<End, E>> + Send {
        (self.serve)(&mut self.state, connection, session)
    }
}
