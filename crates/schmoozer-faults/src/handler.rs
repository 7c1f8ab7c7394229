use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::connection::Connection;
use crate::serve::drip;

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

    /// Sends these bytes over and over, one each interval, the first at once. Reads and drops what comes.
    ///
    /// [`Behaviour::Drip`](crate::Behaviour::Drip) as a handler: for `CloseAfter` and `ResetAfter`.
    #[must_use]
    pub fn drip(bytes: impl Into<Vec<u8>>, every: Duration) -> Self {
        let bytes = bytes.into();
        Self::new(move |connection| {
            let bytes = bytes.clone();
            async move { drip(connection, &bytes, every).await }
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
