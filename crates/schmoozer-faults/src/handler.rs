use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::connection::Connection;

type Handling = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// What a peer does with each connection that it serves.
#[derive(Clone)]
pub struct Handler(Arc<dyn Fn(Connection) -> Handling + Send + Sync>);

impl Handler {
    /// Serves each connection with `serve`.
    ///
    /// The peer closes the connection when the future ends. An error ends it quietly, since a client that
    /// leaves causes one. A panic makes all later waits on the peer fail.
    ///
    /// # Examples
    ///
    /// ```
    /// use schmoozer_faults::Handler;
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    ///
    /// let pong = Handler::new(|mut connection| async move {
    ///     let mut ping = [0; 5];
    ///     loop {
    ///         connection.read_exact(&mut ping).await?;
    ///         connection.write_all(b"pong\n").await?;
    ///     }
    /// });
    /// # drop(pong);
    /// ```
    pub fn new<F, S>(serve: S) -> Self
    where
        S: Fn(Connection) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        Self(Arc::new(move |connection| Box::pin(serve(connection))))
    }

    /// Sends back all that a client sends.
    #[must_use]
    pub fn echo() -> Self {
        Self::new(|mut connection| async move {
            let mut bytes = vec![0; 8192];
            loop {
                match connection.read(&mut bytes).await? {
                    0 => return Ok(()),
                    len => connection.write_all(&bytes[..len]).await?,
                }
            }
        })
    }

    pub(crate) fn serve(&self, connection: Connection) -> Handling {
        (self.0)(connection)
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler").finish_non_exhaustive()
    }
}
