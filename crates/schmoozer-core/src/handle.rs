use std::error::Error;
use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

use crate::board::{Board, Shared};
use crate::{Outage, Stats, Status};

/// Watches and steers a connection from elsewhere: from [`Runner::handle`](crate::Runner::handle).
///
/// Cheap to clone. Dropping the handles changes nothing; the loop goes on. Everything can be called at
/// any time: before the loop was first polled, and after its end.
///
/// # Examples
///
/// ```
/// use std::{io, time::Duration};
/// use schmoozer_core::{NotConnected, Runner, Status, connector_fn};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let connector = connector_fn(
///     async || Err::<(), _>(io::Error::from(io::ErrorKind::ConnectionRefused)),
///     async |()| Ok(()),
///     [Duration::from_secs(60); 10],
/// );
/// # let runner = Runner::new(connector);
/// # let handle = runner.handle();
/// # let _task = tokio::spawn(runner.run());
/// # /*
/// let (handle, _task) = Runner::new(connector).spawn();
/// # */
///
/// // A program that needs the connection to start gives up when it does not come.
/// let waited = handle.connected_or(2).await;
/// assert!(matches!(waited, Err(NotConnected::Failed { failures: 2, .. })));
///
/// // An operator asks why, and tries again at once.
/// if let Status::Waiting { attempt, cause, .. } = handle.status() {
///     println!("down after {attempt} attempts: {cause}");
/// #   assert_eq!((attempt, cause.as_str()), (2, "connection refused"));
/// }
/// handle.retry_now();
/// # tokio::task::yield_now().await;
/// # tokio::task::yield_now().await;
/// assert_eq!(handle.stats().attempts, 3);
///
/// handle.shutdown();
/// assert!(handle.connected().await.is_err());
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// What the connection is doing now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.board().status()
    }

    /// A receiver of every change of [`status`](Self::status). As with any `watch` channel, one that
    /// looks rarely sees only the latest.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.shared.watch()
    }

    /// Counts and times since the loop was started.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.board().stats()
    }

    /// The outage that goes on, until now, or the one in which the loop stopped, until then; `None` where there is none.
    #[must_use]
    pub fn outage(&self) -> Option<Outage> {
        self.shared.board().outage()
    }

    /// Waits for a connection: ready at once while one is up, or else when the next one is. One that is to be dropped,
    /// because [`reconnect`](Self::reconnect) or [`shutdown`](Self::shutdown) was called, does not count.
    ///
    /// # Errors
    ///
    /// [`Stopped`] when the loop has ended, or ends meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn connected(&self) -> Result<(), Stopped> {
        let arrived = |board: &Board, from: Stats| {
            (board.is_kept() || board.stats().connections != from.connections).then_some(())
        };
        self.wait_for(arrived).await
    }

    /// Waits for a connection, but through at most `failures` failures, counted from when it is first polled.
    ///
    /// # Errors
    ///
    /// [`NotConnected`]: the failures were used up, with the error of the last one, or the loop has
    /// ended. A limit of zero is that of one.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn connected_or(&self, failures: u32) -> Result<(), NotConnected> {
        let failures = failures.max(1);
        let decided = |board: &Board, from: Stats| {
            let now = board.stats();
            if board.is_kept() || now.connections != from.connections {
                Some(Ok(()))
            } else if now.failures.saturating_sub(from.failures) >= u64::from(failures) {
                let cause = board.cause().to_owned();
                Some(Err(NotConnected::Failed { failures, cause }))
            } else {
                None
            }
        };
        match self.wait_for(decided).await {
            Ok(decided) => decided,
            Err(Stopped) => Err(NotConnected::Stopped),
        }
    }

    /// Cuts a wait short: the next attempt begins now. Does nothing when there is no wait to cut, and is
    /// not kept for a later one.
    pub fn retry_now(&self) {
        self.shared.control.retry();
    }

    /// Drops the connection that is up and dials again at once. That counts as no failure; the delays
    /// and `give_up_after` start afresh.
    ///
    /// During a wait it does what [`retry_now`](Self::retry_now) does, and the outage goes on. While
    /// connecting it does nothing. To leave a bad connection from inside, return `Reconnect` from `run`
    /// instead: that is subject to the delays.
    pub fn reconnect(&self) {
        self.shared.board().leave();
        self.shared.control.reconnect();
    }

    /// Stops the loop, as if [`Runner::shutdown`](crate::Runner::shutdown)'s future had resolved.
    pub fn shutdown(&self) {
        self.shared.board().leave();
        self.shared.control.stop();
    }

    /// Waits until `decide`, given the counts at the call, has an answer, or the loop has ended.
    async fn wait_for<T>(&self, decide: impl Fn(&Board, Stats) -> Option<T>) -> Result<T, Stopped> {
        let from = self.stats();
        loop {
            // Made before the board is read: a `Notified` hears all that comes after it was made.
            let changed = self.shared.changed.notified();
            let decided = {
                let board = self.shared.board();
                match decide(&board, from) {
                    None if board.is_stopped() => Some(Err(Stopped)),
                    decided => decided.map(Ok),
                }
            };
            match decided {
                Some(decided) => return decided,
                None => changed.await,
            }
        }
    }
}

/// The loop has ended: there will be no more connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connector has stopped")
    }
}

impl Error for Stopped {}

/// Why [`Handle::connected_or`] has no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotConnected {
    /// The failures that it was to wait through were used up.
    Failed {
        /// The limit that was given.
        failures: u32,
        /// The error of the last failure.
        cause: String,
    },
    /// The loop has ended.
    Stopped,
}

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { failures, cause } => {
                let failures = match failures {
                    1 => "a failure".to_owned(),
                    _ => format!("{failures} failures, the last"),
                };
                write!(f, "not connected after {failures}: {cause}")
            }
            Self::Stopped => Stopped.fmt(f),
        }
    }
}

impl Error for NotConnected {}
