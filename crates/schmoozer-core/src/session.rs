use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::facts::Facts;
use crate::{End, Lifecycle};

/// The link between a handler and the loop, for one connection. The handler marks the connection as ready, and is
/// notified when the connection must end.
///
/// A session is cheap to clone, and clones may move to other tasks and threads. A session belongs to one connection.
/// After that connection has ended, its session has no effect.
///
/// # Examples
///
/// ```
/// use std::io;
/// use schmoozer_core::{End, Session, closed};
/// use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream, DuplexStream};
///
/// async fn serve(stream: DuplexStream, session: Session) -> io::Result<End> {
///     let mut stream = BufStream::new(stream);
///     session.ready(); // after the login, if there is one
///     let mut line = String::new();
///     loop {
///         tokio::select! {
///             read = stream.read_line(&mut line) => match read? {
///                 0 => return Err(closed()),
///                 _ => line.clear(),
///             },
///             end = session.stopping() => {
///                 stream.write_all(b"QUIT\n").await?;
///                 stream.flush().await?;
///                 return Ok(end);
///             }
///         }
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> io::Result<()> {
/// // A test needs no loop:
/// let (stream, mut server) = tokio::io::duplex(64);
/// let session = Session::detached();
/// session.renew();
/// assert_eq!(serve(stream, session).await?, End::Renew);
/// # let mut goodbye = [0; 5];
/// # tokio::io::AsyncReadExt::read_exact(&mut server, &mut goodbye).await?;
/// # assert_eq!(&goodbye, b"QUIT\n");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Session {
    shared: Arc<Shared>,
}

/// The state of a session. The next connection reuses this allocation if no clone of the session exists any more.
struct Shared {
    id: u64,
    stable_after: Duration,
    life: Mutex<Life>,
}

/// The state that may change while the connection is up. A waker's `clone`, `wake` and `drop` are foreign code, and may
/// use a session. So they are not called while this state is locked.
#[derive(Default)]
struct Life {
    /// When the connection became ready. `None` until then.
    ready: Option<Instant>,
    /// How the connection must end. `None` until its end is requested.
    ending: Option<End>,
    /// Whether the connection was stable at its end. `None` until it ends.
    ended: Option<bool>,
    /// Whether the handler has called `stopping`.
    called_stopping: bool,
    /// Whether the loop is polling the handler.
    polling: bool,
    /// Wakes the loop's task at the next change. Brought up to date before each poll of the handler.
    waker: Option<Waker>,
    /// Notifies the calls of `stopping` in other tasks. Allocated when needed, because few handlers make such calls.
    other_tasks: Option<Arc<Notify>>,
}

impl Session {
    /// Marks the connection as ready: the application can use it. Call this after the login, if you set
    /// [`ready_when_marked`](Lifecycle::ready_when_marked).
    ///
    /// Only the first call counts. A call has no effect once the connection must end or has ended.
    pub fn ready(&self) {
        let mut life = self.shared.life();
        if life.ready.is_none() && life.is_live() {
            life.ready = Some(Instant::now());
            drop(life);
            self.wake();
        }
    }

    /// Waits until the connection must end, and returns how. The handler then says goodbye to the peer and returns
    /// `Ok(end)`.
    ///
    /// After the connection has ended, this returns at once: [`End::Renew`] if the connection was renewed, otherwise
    /// [`End::Exit`]. A handler that calls this has 5 s to finish, or the time that
    /// [`Runner::grace`](crate::Runner::grace) sets.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: you can call this again at any time.
    pub async fn stopping(&self) -> End {
        loop {
            let waiting = match poll_fn(|cx| self.shared.life().ask(cx)).await {
                Ok(end) => return end,
                Err(waiting) => waiting,
            };
            // Created before the state is read again: a `Notified` receives every notification after its creation.
            let notified = waiting.notified();
            if let Some(end) = self.shared.life().end() {
                return end;
            }
            notified.await;
        }
    }

    /// Requests the end of this connection in good order. The handler is notified, and the loop connects again
    /// after the connection has ended.
    ///
    /// A planned end is not a failure. If the connection was stable, the next attempt starts after a random delay of 0
    /// to 1 s. Otherwise the next attempt starts [`stable_after`](Lifecycle::stable_after) after the connection became
    /// ready. If the connection was never ready, `stable_after` is counted from its end. After a stable connection there
    /// is no delay if the connector [holds](crate::Connector::holds_connection) the next connection already. A call has no effect
    /// once the connection must end or has ended.
    pub fn renew(&self) {
        self.end(End::Renew);
    }

    /// Returns whether the connection is stable now, or was stable at its end. A connection is stable when it has been
    /// ready for [`stable_after`](Lifecycle::stable_after).
    #[must_use]
    pub fn was_stable(&self) -> bool {
        let life = self.shared.life();
        life.ended
            .unwrap_or_else(|| self.shared.facts(&life).is_stable())
    }

    /// Returns the number of the connection. It is unique in the process, and higher than the numbers of earlier
    /// connections.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.shared.id
    }

    /// Returns a session without a loop, for tests of a handler. A test calls [`renew`](Self::renew) to end the
    /// handler.
    ///
    /// The connection of this session is up and not ready. It is stable 10 s after the call of [`ready`](Self::ready).
    #[must_use]
    pub fn detached() -> Self {
        Self::new(Duration::from_secs(10))
    }

    fn new(stable_after: Duration) -> Self {
        Self {
            shared: Arc::new(Shared {
                id: next_id(),
                stable_after,
                life: Mutex::default(),
            }),
        }
    }

    /// Notes that the handler is about to run, and returns the time. If the connection is already ready, it counts as
    /// ready from this time on. So the time that observers took does not count toward
    /// [`stable_after`](Lifecycle::stable_after).
    pub(crate) fn begin(&self) -> Instant {
        let now = Instant::now();
        let mut life = self.shared.life();
        life.ready = life.ready.map(|_| now);
        now
    }

    /// Ends the session after its connection has ended, and returns the facts about that connection. `renewed` says
    /// whether the handler returned `Ok(End::Renew)`.
    pub(crate) fn close(&self, renewed: bool) -> Facts {
        let (facts, waker) = {
            let mut life = self.shared.life();
            if renewed && life.is_live() {
                life.ending = Some(End::Renew);
            }
            let facts = self.shared.facts(&life);
            life.ended.get_or_insert(facts.is_stable());
            (facts, life.waker.take())
        };
        drop(waker);
        self.notify();
        facts
    }

    /// Returns whether the connection is up and its end was not requested.
    pub(crate) fn is_live(&self) -> bool {
        self.shared.life().is_live()
    }

    /// Requests the end of the connection, and says how it must end. Only the first call counts, but an exit replaces a
    /// renewal. A call has no effect after the connection has ended.
    pub(crate) fn end(&self, end: End) {
        let mut life = self.shared.life();
        let replaces = |before| (before, end) == (End::Renew, End::Exit);
        if life.ended.is_none() && life.ending.is_none_or(replaces) {
            life.ending = Some(end);
            drop(life);
            self.wake();
            self.notify();
        }
    }

    pub(crate) fn facts(&self) -> Facts {
        self.shared.facts(&self.shared.life())
    }

    /// Notes that the loop is about to poll the handler. The next change then wakes the loop's task. Call
    /// [`polled`](Self::polled) after the poll. Then read the state again, because it may have changed in between.
    pub(crate) fn listen(&self, cx: &Context<'_>) {
        let is_known = {
            let mut life = self.shared.life();
            life.polling = true;
            life.is_loop_task(cx)
        };
        if !is_known {
            let waker = Some(cx.waker().clone());
            let old = std::mem::replace(&mut self.shared.life().waker, waker);
            drop(old);
        }
    }

    /// Notes that the loop has polled the handler, and that the handler is still pending. Returns what
    /// [`is_live`](Self::is_live) returns.
    pub(crate) fn polled(&self) -> bool {
        let mut life = self.shared.life();
        life.polling = false;
        life.is_live()
    }

    /// Wakes the loop's task.
    fn wake(&self) {
        let Some(waker) = self.shared.life().waker.take() else {
            return;
        };
        waker.wake_by_ref();
        // Kept for the next change, unless the loop has set a newer waker.
        let mut life = self.shared.life();
        if life.is_live() && life.waker.is_none() {
            life.waker = Some(waker);
        }
    }

    /// Notifies the calls of `stopping` that wait in other tasks.
    fn notify(&self) {
        let waiting = self.shared.life().other_tasks.clone();
        waiting.inspect(|waiting| waiting.notify_waiters());
    }
}

impl Shared {
    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn facts(&self, life: &Life) -> Facts {
        Facts {
            id: self.id,
            ready: life.ready,
            ending: life.ending,
            ended: Instant::now(),
            stable_after: self.stable_after,
            called_stopping: life.called_stopping,
        }
    }
}

impl Life {
    fn is_live(&self) -> bool {
        self.ending.is_none() && self.ended.is_none()
    }

    /// Returns how the connection must end, or `None` while it may stay.
    fn end(&self) -> Option<End> {
        (!self.is_live()).then(|| self.ending.unwrap_or(End::Exit))
    }

    /// Returns how the connection must end, once that is known. Until then, a caller in the loop's task stays pending,
    /// and each change wakes it. Any other caller receives the `Notify` to wait for.
    fn ask(&mut self, cx: &Context<'_>) -> Poll<Result<End, Arc<Notify>>> {
        self.called_stopping = true;
        match self.end() {
            Some(end) => Poll::Ready(Ok(end)),
            None if self.polling && self.is_loop_task(cx) => Poll::Pending,
            None => Poll::Ready(Err(Arc::clone(self.other_tasks.get_or_insert_default()))),
        }
    }

    /// Returns whether `cx` belongs to the loop's task. If so, the stored waker wakes it.
    fn is_loop_task(&self, cx: &Context<'_>) -> bool {
        let waker = self.waker.as_ref();
        waker.is_some_and(|waker| waker.will_wake(cx.waker()))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Session").field(&self.id()).finish()
    }
}

/// Opens a session for each connection of a loop, and closes the last session when the loop is dropped.
pub(crate) struct Sessions(Session);

impl Sessions {
    pub(crate) fn new(lifecycle: Lifecycle) -> Self {
        Self(Session::new(lifecycle.stable_after))
    }

    /// Opens the session of a new connection, which became ready at `ready` if it is ready already.
    pub(crate) fn open(&mut self, ready: Option<Instant>) -> Session {
        let mut life = Life {
            ready,
            ..Life::default()
        };
        if let Some(shared) = Arc::get_mut(&mut self.0.shared) {
            shared.id = next_id();
            life.other_tasks = shared.life().other_tasks.take();
            shared.life = Mutex::new(life);
        } else {
            self.0 = Session::new(self.0.shared.stable_after);
            *self.0.shared.life() = life;
        }
        self.0.clone()
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        self.0.close(false);
    }
}

/// Returns the next number for a connection. Uses a mutex because not every system has 64-bit atomics.
fn next_id() -> u64 {
    static LAST: Mutex<u64> = Mutex::new(0);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    *last = last.saturating_add(1);
    *last
}
