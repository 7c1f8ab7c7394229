use std::future::pending;
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::watch;

use crate::race::race;
use crate::shared::{Ask, Shared, State};
use crate::{NotConnected, Outage, Stats, Status, Stopped};

/// Watches and steers a connection from elsewhere: from [`Runner::handle`](crate::Runner::handle).
///
/// Cheap to clone. Dropping handles changes nothing; the loop goes on. Everything can be called at any time, from any
/// thread: also before the loop was first polled, and after its end.
///
/// # Requests
///
/// [`retry_now`](Self::retry_now), [`reconnect`](Self::reconnect) and [`renew`](Self::renew) are never lost. In a wait,
/// they start the next attempt at once. While an attempt is under way, they are remembered as one request: the loop
/// restarts an attempt that has run for 1 s, and starts the next one at once if it fails. Requests start at most one
/// attempt a second, and a [`Pacer`](crate::Pacer) still applies. An attempt that a request started is not restarted.
/// Requests before the first poll are satisfied by the first attempt.
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
/// // A program that needs the connection to start gives up when it does not come.
/// let waited = handle.connected_or_fail(2).await;
/// assert!(matches!(waited, Err(NotConnected::Failed { failures: 2, .. })));
///
/// // An operator asks why, and tries again at once.
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
    shared: Arc<Shared>,
}

impl Handle {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Returns what the connection is doing now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.state().status()
    }

    /// Returns a receiver of every change of [`status`](Self::status). As with any `watch` channel, a receiver that
    /// looks rarely sees only the latest.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.shared.watch()
    }

    /// Returns counts and times since the loop was started.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.state().stats()
    }

    /// Returns the current outage, or the one in which the loop stopped; `None` where there is none.
    #[must_use]
    pub fn outage(&self) -> Option<Outage> {
        self.shared.state().outage()
    }

    /// Waits until the application can use the connection, and returns the connection's
    /// [`Session::id`](crate::Session::id): at once if it is ready, else when the next one is. A connection that is
    /// about to end, on request or as planned, does not count.
    ///
    /// # Errors
    ///
    /// Returns [`Stopped`] when the loop has ended, or ends meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is lost when it is dropped.
    pub async fn connected(&self) -> Result<u64, Stopped> {
        match self.answer(None).await {
            Ok(id) => Ok(id),
            Err(NotConnected::Stopped(stopped)) => Err(stopped),
            // Failures without a limit are never used up.
            Err(NotConnected::Failed { .. }) => pending().await,
        }
    }

    /// Waits as [`connected`](Self::connected) does, but through at most `failures` failures, counted from the call.
    ///
    /// A failure is a failed connect, a failed login, or a lost connection. Renewals do not count, and neither do
    /// failures while [`while_online`](crate::Runner::while_online) says offline. A limit of zero is that of one.
    ///
    /// # Errors
    ///
    /// Returns [`NotConnected`] when the failures are used up, with the error of the last one, or when the loop has
    /// ended.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is lost when it is dropped.
    pub fn connected_or_fail(
        &self,
        failures: u32,
    ) -> impl Future<Output = Result<u64, NotConnected>> + Send {
        self.answer(Some(failures.max(1)))
    }

    /// Starts the next attempt now, if the loop waits for it. Does nothing while a connection is up, unless that is
    /// about to end: the next attempt then follows its end at once. See [Requests](Self#requests).
    pub fn retry_now(&self) {
        self.shared.request(Ask::Retry, None);
    }

    /// Drops the connection, without a goodbye, and connects again at once. See [Requests](Self#requests).
    ///
    /// This is no failure, and neither begins nor ends an outage. To leave a bad connection from inside, return an
    /// error from the handler: the delays then apply.
    pub fn reconnect(&self) {
        self.shared.request(Ask::Reconnect, None);
    }

    /// Does what [`reconnect`](Self::reconnect) does if connection `id` is up, else nothing. However many tasks find
    /// the same connection broken, it is replaced once.
    pub fn reconnect_if(&self, id: u64) {
        self.shared.request(Ask::Reconnect, Some(id));
    }

    /// Asks for a planned end of the connection: its handler is told by
    /// [`Session::stopping`](crate::Session::stopping), has the time of its [`grace`](crate::Runner::grace), and then
    /// the loop connects again at once. This is no failure. Callers that renew many connections share a
    /// [`Pacer`](crate::Pacer). See [Requests](Self#requests).
    pub fn renew(&self) {
        self.shared.request(Ask::Renew, None);
    }

    /// Stops the loop, as if the future of [`Runner::shutdown`](crate::Runner::shutdown) had resolved.
    pub fn shutdown(&self) {
        self.shared.request(Ask::Stop, None);
    }

    /// Returns a guard that stops the loop when it is dropped.
    pub fn shutdown_on_drop(&self) -> ShutdownOnDrop {
        ShutdownOnDrop {
            handle: self.clone(),
        }
    }

    /// Waits until the loop has ended, and returns why.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is lost when it is dropped.
    pub async fn stopped(&self) -> Stopped {
        loop {
            let answered = self.shared.answered.notified();
            let stopped = self.shared.state().stopped().cloned();
            match stopped {
                Some(stopped) => return stopped,
                None => answered.await,
            }
        }
    }

    fn answer(
        &self,
        failures: Option<u32>,
    ) -> impl Future<Output = Result<u64, NotConnected>> + Send {
        // What happens from the call on counts, whenever the future is first polled.
        let (ready, failed) = {
            let state = self.shared.state();
            (state.ready, state.failures)
        };
        let limit = failures.map_or(u64::MAX, |failures| {
            failed.saturating_add(u64::from(failures))
        });
        let decide = move |state: &mut State| {
            if let Some(id) = state.kept() {
                return Some(Ok(id));
            }
            // One that was ready and is gone again, before this was polled.
            if state.ready > ready {
                return Some(Ok(state.ready));
            }
            if state.failures >= limit {
                return Some(Err(NotConnected::Failed {
                    failures: failures.unwrap_or(u32::MAX),
                    cause: state.last_cause(),
                }));
            }
            if let Some(stopped) = state.stopped() {
                return Some(Err(NotConnected::Stopped(stopped.clone())));
            }
            state.awaited = state.awaited.min(limit);
            None
        };
        let shared = &*self.shared;
        async move {
            loop {
                // Created before the state is read: a `Notified` receives all that comes after its creation.
                let answered = shared.answered.notified();
                let failing = shared.failing.notified();
                let decided = decide(&mut shared.state());
                match decided {
                    Some(decided) => return decided,
                    None if failures.is_none() => answered.await,
                    None => {
                        race(pin!(answered), pin!(failing)).await;
                    }
                }
            }
        }
    }
}

/// Stops a loop when it is dropped: made by [`Handle::shutdown_on_drop`].
#[derive(Debug)]
#[must_use = "the loop is stopped when this is dropped"]
pub struct ShutdownOnDrop {
    handle: Handle,
}

impl Drop for ShutdownOnDrop {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}
