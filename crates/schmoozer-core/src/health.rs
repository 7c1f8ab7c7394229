use std::ops::RangeInclusive;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::race::race;

/// Lets the application say that its connection counts as good, from inside `run`.
///
/// A TCP connection that is up proves little: the server may accept and close at once, or refuse the
/// login. Call [`mark`](Health::mark) when the login went through or the first message came, and the
/// outage is over from then on. Without a mark it is over when the connection has lasted, by default
/// 10 s. Clones mark the same connection.
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
#[derive(Debug, Clone)]
pub struct Health {
    mark: Arc<Mark>,
    reset_after: Duration,
}

#[derive(Debug, Default)]
struct Mark {
    at: Mutex<Option<Instant>>,
    changed: Notify,
}

impl Health {
    /// A mark of one's own, for a connector that does without [`Delays`](crate::Delays): a connection
    /// counts as good when it is marked, or has been up for `reset_after`.
    #[must_use]
    pub fn new(reset_after: Duration) -> Self {
        Self {
            mark: Arc::default(),
            reset_after,
        }
    }

    /// Says that the connection which is up now counts as good, however long it lasts.
    ///
    /// Marking twice is marking once. A mark made while no connection is up counts for nothing.
    pub fn mark(&self) {
        *self.mark.at() = Some(Instant::now());
        self.mark.changed.notify_waiters();
    }

    /// Answers whether the connection that was `up` at this time, if that is known, was marked, and forgets
    /// the mark: that connection is gone.
    pub(crate) fn take(&self, up: Option<RangeInclusive<Instant>>) -> bool {
        let marked = self.mark.at().take();
        marked.is_some_and(|at| up.is_none_or(|up| up.contains(&at)))
    }

    fn is_marked(&self, connected: Instant) -> bool {
        self.mark.at().is_some_and(|at| at >= connected)
    }

    /// The same mark, with another idea of how long a connection must last.
    pub(crate) fn reset_after(mut self, uptime: Duration) -> Self {
        self.reset_after = uptime;
        self
    }

    /// Answers whether a connection that came up at `connected`, and was up for `uptime`, counts as good.
    pub(crate) fn is_good(&self, connected: Instant, uptime: Duration) -> bool {
        self.is_marked(connected) || uptime >= self.reset_after
    }

    /// Waits until the connection that came up at `connected`, just now, counts as good.
    pub(crate) async fn good(&self, connected: Instant) {
        race(pin!(self.marked(connected)), pin!(sleep(self.reset_after))).await;
    }

    async fn marked(&self, connected: Instant) {
        // Made before the mark is read: a `Notified` hears all that comes after it was made.
        let changed = self.mark.changed.notified();
        if !self.is_marked(connected) {
            changed.await;
        }
    }
}

impl Mark {
    fn at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Health {
    /// Never marked; 10 s, as [`Delays`](crate::Delays) has it.
    fn default() -> Self {
        Self::new(Duration::from_secs(10))
    }
}
