use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Lets the application say that its connection counts as good, from inside `run`.
///
/// A TCP connection that is up proves little: the server may accept and close at once, or refuse the
/// login. Call [`mark`](Health::mark) when the login went through or the first message came, and the
/// outage is over from then on. Clones mark the same connection.
///
/// # Examples
///
/// ```
/// use schmoozer_core::{Delays, connector_fn};
/// # use std::{io, time::Duration};
/// # async fn connect() -> io::Result<()> { Ok(()) }
/// # async fn log_in(_: &mut ()) -> io::Result<()> { Ok(()) }
/// # async fn serve(_: ()) -> io::Result<()> { Ok(()) }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> io::Result<()> {
/// let delays = Delays::new([Duration::from_secs(1); 10]);
/// let health = delays.health();
/// let connector = connector_fn(
///     connect,
///     move |mut connection| {
///         let health = health.clone();
///         async move {
///             log_in(&mut connection).await?;
///             health.mark();
///             serve(connection).await
///         }
///     },
///     delays,
/// );
/// # schmoozer_core::run(connector).await
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Health {
    marked: Arc<AtomicBool>,
}

impl Health {
    /// Says that the connection which is up now counts as good, however long it lasts.
    ///
    /// Marking twice is marking once. A mark made while no connection is up counts for nothing.
    pub fn mark(&self) {
        self.marked.store(true, Ordering::Release);
    }

    /// Answers whether the connection was marked, and forgets it.
    pub(crate) fn take(&self) -> bool {
        self.marked.swap(false, Ordering::AcqRel)
    }
}
