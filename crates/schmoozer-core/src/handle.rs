use std::future::pending;
use std::sync::Arc;

use tokio::sync::{Notify, watch};

use crate::shared::{Ask, Shared, State};
use crate::{NotConnected, Outage, Stats, Status, Stopped};

/// Watches and controls a loop from other tasks. [`Runner::handle`](crate::Runner::handle) returns a handle.
///
/// A handle is cheap to clone. The loop continues when handles are dropped. You can call every method at any time, from
/// any thread, even before the loop is first polled and after the loop has ended.
///
/// # Requests
///
/// A request is a call of [`retry_now`](Self::retry_now), [`reconnect`](Self::reconnect) or [`renew`](Self::renew). It
/// is not a request that your application sends over the connection. During a wait, a request starts the next attempt
/// at once. The loop remembers requests during an attempt as one request. If an attempt has run for 1 s, the loop drops it and starts a new
/// one. It does not do this to an attempt that an earlier request started. If the attempt fails, the next attempt starts at once. If the
/// attempt connects, `reconnect` drops that connection, and the other requests are done. Requests start at most one
/// attempt per second, and a [`Pacer`](crate::Pacer) still applies. Requests made before the loop is
/// first polled are all done by its first attempt.
///
/// # Examples
///
/// ```
/// use std::{io, time::Duration};
/// use schmoozer_core::{End, NotConnected, Runner, Status, connector_fn};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let connector = connector_fn(
///     async || Err::<(), _>(io::Error::from(io::ErrorKind::ConnectionRefused)),
///     async |(), _session| Ok(End::Exit),
///     [Duration::from_secs(60); 10],
/// );
/// # let runner = Runner::new(connector);
/// # let handle = runner.handle();
/// # let _task = tokio::spawn(runner.run());
/// # /*
/// let (handle, _task) = Runner::new(connector).spawn();
/// # */
///
/// // A program that cannot start without a connection gives up after two failures.
/// let waited = handle.connected_or_fail(2).await;
/// assert!(matches!(waited, Err(NotConnected::Failed { failures: 2, .. })));
///
/// // An operator reads the cause and starts an attempt at once.
/// println!("{}", handle.status());
/// # tokio::task::yield_now().await;
/// # assert_eq!(handle.status().to_string(), "waiting for attempt 3 in 1m: connection refused");
/// handle.retry_now();
/// # tokio::time::sleep(Duration::from_millis(20)).await;
/// assert_eq!(handle.stats().attempts, 3);
///
/// handle.shutdown();
/// let stopped = handle.stopped().await;
/// assert_eq!(stopped.to_string(), "shut down: connection refused");
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Handle {
    pub(crate) shared: Arc<Shared>,
}

impl Handle {
    /// Returns what the connection is doing now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.state().status()
    }

    /// Returns a receiver that is notified when [`status`](Self::status) changes. A `watch` channel keeps only the
    /// latest status, so the receiver may miss a status between two reads.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.shared.watch()
    }

    /// Returns counts and times since the start of the loop.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.state().stats()
    }

    /// Returns the current outage, or the outage in which the loop stopped. Returns `None` if there is no outage.
    #[must_use]
    pub fn outage(&self) -> Option<Outage> {
        self.shared.state().outage()
    }

    /// Waits until a connection is ready, and returns the [`Session::id`](crate::Session::id) of that connection.
    ///
    /// Returns at once if the current connection is ready. A connection that is about to end, on request or as
    /// planned, does not count.
    ///
    /// # Errors
    ///
    /// Returns [`Stopped`] if the loop has ended, or when the loop ends during the wait.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future has no effect.
    pub async fn connected(&self) -> Result<u64, Stopped> {
        match self.answer(&self.shared.answered, u64::MAX).await {
            Ok(id) => Ok(id),
            Err(NotConnected::Stopped(stopped)) => Err(stopped),
            // Failures without a limit are never used up.
            Err(NotConnected::Failed { .. }) => pending().await,
        }
    }

    /// Waits like [`connected`](Self::connected), but returns an error after `failures` failures since the call.
    ///
    /// A failure is a failed connect, a failed login, or a lost connection. A renewal is not a failure. Failures do not
    /// count while [`while_online`](crate::Runner::while_online) reports offline. A limit of zero means a limit of one.
    ///
    /// # Errors
    ///
    /// Returns [`NotConnected::Failed`] with the last error after the last of these failures. Returns
    /// [`NotConnected::Stopped`] when the loop has ended.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future has no effect.
    pub fn connected_or_fail(
        &self,
        failures: u32,
    ) -> impl Future<Output = Result<u64, NotConnected>> + Send {
        self.answer(&self.shared.failing, failures.max(1).into())
    }

    /// Starts the next attempt now if the loop waits. See [Requests](Self#requests).
    ///
    /// Has no effect while a connection is up. If that connection is about to end, the next attempt starts right after
    /// its end.
    pub fn retry_now(&self) {
        self.shared.request(Ask::Retry, None);
    }

    /// Drops the connection without a goodbye and connects again at once. See [Requests](Self#requests).
    ///
    /// This is not a failure. It neither begins nor ends an outage. A handler that finds its connection broken should
    /// return an error instead, so that the delays apply.
    pub fn reconnect(&self) {
        self.shared.request(Ask::Reconnect, None);
    }

    /// Calls [`reconnect`](Self::reconnect) if the connection with this `id` is up. Has no effect otherwise.
    ///
    /// When many tasks find the same connection broken, the loop replaces the connection once.
    pub fn reconnect_if(&self, id: u64) {
        self.shared.request(Ask::Reconnect, Some(id));
    }

    /// Asks for a planned end of the connection, and connects again at once. See [Requests](Self#requests).
    ///
    /// [`Session::stopping`](crate::Session::stopping) notifies the handler, which must end within its
    /// [`grace`](crate::Runner::grace). The loop connects again after that. A planned end is not a failure. If you
    /// renew many connections, let their runners share a [`Pacer`](crate::Pacer).
    pub fn renew(&self) {
        self.shared.request(Ask::Renew, None);
    }

    /// Stops the loop. This has the effect of [`Runner::shutdown`](crate::Runner::shutdown) when its future resolves.
    pub fn shutdown(&self) {
        self.shared.request(Ask::Stop, None);
    }

    /// Returns a guard. The loop stops when the guard is dropped.
    pub fn shutdown_on_drop(&self) -> ShutdownOnDrop {
        ShutdownOnDrop(self.clone())
    }

    /// Waits until the loop has ended, and returns the reason.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropping the future has no effect.
    pub async fn stopped(&self) -> Stopped {
        let decide = |state: &mut State| state.stopped().cloned();
        self.shared.wait(&self.shared.answered, decide).await
    }

    /// Waits for a connection, a stop, or this number of failures. Looks after each notification of `news`.
    fn answer<'a>(
        &'a self,
        news: &'a Notify,
        failures: u64,
    ) -> impl Future<Output = Result<u64, NotConnected>> + Send {
        // Counts every event after the call, even before the future is first polled.
        let (ready, limit) = {
            let state = self.shared.state();
            (state.ready_id, state.failures.saturating_add(failures))
        };
        let decide = move |state: &mut State| {
            if let Some(id) = state.kept() {
                return Some(Ok(id));
            }
            // A connection became ready and ended before this future was polled.
            if state.ready_id > ready {
                return Some(Ok(state.ready_id));
            }
            if state.failures >= limit {
                return Some(Err(NotConnected::Failed {
                    failures: failures.try_into().unwrap_or(u32::MAX),
                    cause: state.last_cause().unwrap_or_default(),
                }));
            }
            if let Some(stopped) = state.stopped() {
                return Some(Err(NotConnected::Stopped(stopped.clone())));
            }
            state.awaited = state.awaited.min(limit);
            None
        };
        self.shared.wait(news, decide)
    }
}

/// A guard that stops a loop when the guard is dropped. [`Handle::shutdown_on_drop`] returns it.
#[derive(Debug)]
#[must_use = "the loop is stopped when this is dropped"]
pub struct ShutdownOnDrop(Handle);

impl Drop for ShutdownOnDrop {
    fn drop(&mut self) {
        self.0.shutdown();
    }
}
