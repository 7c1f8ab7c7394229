//! The functions that a [`TcpConnector`](crate::TcpConnector) is made of.

use std::future::{Future, Ready};
use std::io;

use schmoozer_core::{End, ServeWith, Session};
use tokio::net::TcpStream;

/// No upgrade: the stream itself is served.
pub type Plain<E = io::Error> = fn(TcpStream) -> Ready<Result<TcpStream, E>>;

/// Serves a connection. Implemented by closures, and by a state with a function that borrows it: what
/// [`TcpConnector::with_state`](crate::TcpConnector::with_state) keeps.
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

impl<S, F, C, E> Serve<C, E> for (S, F)
where
    S: Send + 'static,
    F: for<'a> ServeWith<'a, S, C, E>,
{
    fn serve(
        &mut self,
        connection: C,
        session: Session,
    ) -> impl Future<Output = Result<End, E>> + Send {
        (self.1)(&mut self.0, connection, session)
    }
}
