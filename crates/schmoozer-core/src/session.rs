use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::{End, Lifecycle};

/// How long a handler that has asked [`Session::stopping`] may go on where no grace was set.
const DEFAULT_GRACE: Duration = Duration::from_secs(5);

/// The handler's link to the loop, for one connection: says when the connection is ready, and hears when it must
/// end.
///
/// Cheap to clone; clones may go to other tasks and threads. A session belongs to one connection. After that
/// connection has ended, a session that is still around changes nothing.
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
/// // Without a loop, in a test:
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

/// One allocation a loop: the next connection takes it over, unless a clone of the session is still around.
struct Shared {
    id: u64,
    stable_after: Duration,
    life: Mutex<Life>,
}

/// What may change while the connection is up.
struct Life {
    ready: Option<Instant>,
    ready_when_marked: bool,
    /// How the connection was told to end.
    told: Option<End>,
    /// Once it has ended: whether it was stable.
    ended: Option<bool>,
    /// The handler has asked whether it must stop.
    asked: bool,
    /// The loop's task, while it waits for the handler.
    waker: Option<Waker>,
    /// Wakes the other tasks that wait for the end. Few handlers have any.
    others: Option<Arc<Notify>>,
}

/// What there is to know of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lived {
    pub(crate) id: u64,
    pub(crate) ready: Option<Instant>,
    pub(crate) told: Option<End>,
    /// When it ended, or now.
    pub(crate) ended: Instant,
    pub(crate) stable_after: Duration,
    asked: bool,
}

impl Session {
    /// Marks the connection as usable. Call it after the login, in a handler that
    /// [`ready_when_marked`](Lifecycle::ready_when_marked) waits for.
    ///
    /// Only the first call counts. It has no effect after the connection has ended or was told to end.
    pub fn ready(&self) {
        let mut life = self.shared.life();
        if life.ready.is_none() && life.is_kept() {
            life.ready = Some(Instant::now());
            drop(life);
            self.wake();
        }
    }

    /// Waits until the connection must end, and returns how: say goodbye and return `Ok(end)`.
    ///
    /// Returns at once after the connection has ended: [`End::Renew`] if it was renewed, else [`End::Exit`]. A
    /// handler that asks has 5 s to finish, or the time that [`Runner::grace`](crate::Runner::grace) sets.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: ask again at any time.
    pub async fn stopping(&self) -> End {
        loop {
            let others = match poll_fn(|cx| self.ask(cx)).await {
                Ok(end) => return end,
                Err(others) => others,
            };
            // Created before the life is read again: a `Notified` receives all that comes after its creation.
            let told = others.notified();
            if let Some(end) = self.shared.life().end() {
                return end;
            }
            told.await;
        }
    }

    /// Asks for a planned end of this connection: the handler is told to stop, and the loop connects again.
    ///
    /// This is no failure. The next attempt starts after a random delay of 0 to 1 s if the connection was stable.
    /// Otherwise it starts [`stable_after`](Lifecycle::stable_after) after the connection became ready, or after its
    /// end if it never did. It has no effect after the connection has ended or was told to end.
    pub fn renew(&self) {
        self.tell(End::Renew);
    }

    /// Whether the connection has been ready for [`stable_after`](Lifecycle::stable_after), now or at its end.
    #[must_use]
    pub fn was_stable(&self) -> bool {
        let life = self.shared.life();
        life.ended
            .unwrap_or_else(|| self.shared.lived(&life).is_stable())
    }

    /// The connection's number: unique in the process, and higher than those of earlier connections.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.shared.id
    }

    /// A session without a loop, for tests of a handler. [`renew`](Self::renew) tells that handler to stop.
    ///
    /// Its connection is up and not ready, and stable 10 s after it is marked.
    #[must_use]
    pub fn detached() -> Self {
        Self::new(Duration::from_secs(10), true)
    }

    fn new(stable_after: Duration, ready_when_marked: bool) -> Self {
        Self {
            shared: Arc::new(Shared {
                id: next_id(),
                stable_after,
                life: Mutex::new(Life {
                    ready_when_marked,
                    ready: None,
                    told: None,
                    ended: None,
                    asked: false,
                    waker: None,
                    others: None,
                }),
            }),
        }
    }

    /// Makes it the session of a connection that is up since `now`; a new one if a clone of it is still around.
    fn reopen(&mut self, now: Instant) {
        if let Some(shared) = Arc::get_mut(&mut self.shared) {
            shared.id = next_id();
        } else {
            let marked = self.shared.life().ready_when_marked;
            *self = Self::new(self.shared.stable_after, marked);
        }
        let mut life = self.shared.life();
        life.ready = (!life.ready_when_marked).then_some(now);
        life.told = None;
        life.ended = None;
        life.asked = false;
    }

    /// Begins the connection's life now, when its handler is about to run: the time that observers took to hear of it
    /// makes no connection stable.
    pub(crate) fn begin(&self) -> Instant {
        let now = Instant::now();
        let mut life = self.shared.life();
        life.ready = life.ready.map(|_| now);
        now
    }

    /// Ends it with its connection, which its handler may have `renewed`, and returns what there is to know of that.
    pub(crate) fn close(&self, renewed: bool) -> Lived {
        let (lived, waker, others) = {
            let mut life = self.shared.life();
            let lived = self.shared.lived(&life);
            life.ended.get_or_insert(lived.is_stable());
            if renewed {
                life.told.get_or_insert(End::Renew);
            }
            (lived, life.waker.take(), life.others.clone())
        };
        drop(waker);
        others.inspect(|others| others.notify_waiters());
        lived
    }

    /// Whether the connection is up and was not told to end.
    pub(crate) fn is_kept(&self) -> bool {
        self.shared.life().is_kept()
    }

    /// Tells the connection how to end. An exit also replaces a renewal; after its end nothing changes.
    pub(crate) fn tell(&self, end: End) {
        let mut life = self.shared.life();
        let is_news = life.told.is_none() || (life.told, end) == (Some(End::Renew), End::Exit);
        if is_news && life.ended.is_none() {
            life.told = Some(end);
            let others = life.others.clone();
            drop(life);
            self.wake();
            others.inspect(|others| others.notify_waiters());
        }
    }

    pub(crate) fn lived(&self) -> Lived {
        self.shared.lived(&self.shared.life())
    }

    /// How the connection must end; until then, what wakes a task that is not the loop's.
    fn ask(&self, cx: &Context<'_>) -> Poll<Result<End, Arc<Notify>>> {
        let mut life = self.shared.life();
        life.asked = true;
        if let Some(end) = life.end() {
            return Poll::Ready(Ok(end));
        }
        if life.is_woken(cx) {
            return Poll::Pending;
        }
        Poll::Ready(Err(Arc::clone(life.others.get_or_insert_default())))
    }

    /// Wakes the loop's task at the next change, and with it a handler that waits in that task. Look at the life again
    /// afterwards.
    pub(crate) fn listen(&self, cx: &Context<'_>) {
        // A waker's `clone`, `wake` and `drop` are not ours, and may use a session: nothing is locked meanwhile.
        if !self.shared.life().is_woken(cx) {
            let waker = Some(cx.waker().clone());
            let old = std::mem::replace(&mut self.shared.life().waker, waker);
            drop(old);
        }
    }

    fn wake(&self) {
        let Some(waker) = self.shared.life().waker.take() else {
            return;
        };
        waker.wake_by_ref();
        // It stays, unless there is a newer one: a handler that waits in the same task looks for it.
        let mut life = self.shared.life();
        if life.is_kept() && life.waker.is_none() {
            life.waker = Some(waker);
        }
    }
}

impl Shared {
    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lived(&self, life: &Life) -> Lived {
        Lived {
            id: self.id,
            ready: life.ready,
            told: life.told,
            ended: Instant::now(),
            stable_after: self.stable_after,
            asked: life.asked,
        }
    }
}

impl Life {
    fn is_kept(&self) -> bool {
        self.told.is_none() && self.ended.is_none()
    }

    /// How the connection must end, once it must.
    fn end(&self) -> Option<End> {
        (!self.is_kept()).then(|| self.told.unwrap_or(End::Exit))
    }

    fn is_woken(&self, cx: &Context<'_>) -> bool {
        self.waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
    }
}

impl Lived {
    /// When the connection is stable, unless it ends before; `None` while it is not ready, and where the clock ends.
    pub(crate) fn stable_at(&self) -> Option<Instant> {
        self.ready?.checked_add(self.stable_after)
    }

    pub(crate) fn is_stable(&self) -> bool {
        self.stable_at().is_some_and(|stable| stable <= self.ended)
    }

    /// How long the handler may go on after it was told to end; `set` is what the program set.
    pub(crate) fn grace(&self, set: Option<Duration>) -> Duration {
        match set {
            Some(grace) => grace,
            None if self.asked => DEFAULT_GRACE,
            None => Duration::ZERO,
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lived = self.lived();
        f.debug_struct("Session")
            .field("id", &lived.id)
            .field("ready", &lived.ready.is_some())
            .field("told", &lived.told)
            .finish_non_exhaustive()
    }
}

/// The loop's end: opens a session for each connection, and closes the last one when the loop is dropped.
pub(crate) struct Sessions(Session);

impl Sessions {
    pub(crate) fn new(lifecycle: Lifecycle) -> Self {
        Self(Session::new(
            lifecycle.stable_after,
            lifecycle.ready_when_marked,
        ))
    }

    /// Opens the session of a connection that is up since `now`.
    pub(crate) fn open(&mut self, now: Instant) -> Session {
        self.0.reopen(now);
        self.0.clone()
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        self.0.close(false);
    }
}

/// Numbers connections. A mutex: not every system has 64-bit atomics.
fn next_id() -> u64 {
    static LAST: Mutex<u64> = Mutex::new(0);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    *last = last.saturating_add(1);
    *last
}
