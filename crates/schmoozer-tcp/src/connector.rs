//! A connector that keeps a TCP connection: a dialer, a handler, and what is decided between them.

use std::fmt;
use std::future::{Future, ready};
use std::io;
use std::time::Duration;

use schmoozer_backoff::Exponential;
use schmoozer_core::{End, Failure, Lifecycle, Retry, RetryResult, ServeWith, Session};
use tokio::net::TcpStream;

use crate::failback::Failback;
use crate::handler::Plain;
use crate::memory::Route;
use crate::serving::Ended;
use crate::{Dialer, Order};

/// Keeps a TCP connection: dials, hands the stream to a handler, and dials again when that fails.
///
/// The handler returns `Result<End, E>`: `Ok(End::Exit)` ends the loop, `Ok(End::Renew)` connects again, and an `Err` is
/// a lost connection. Return `Err(closed())` at the end of the stream. The error type is the handler's own; it converts
/// from `io::Error`, which is what a dial's errors become. Find the details again with
/// [`DialError::find_in`](crate::DialError::find_in).
///
/// Every error is retried, of dials and of the handler, unless [`retry_if`](Self::retry_if) says otherwise.
///
/// ```
/// use schmoozer_tcp::{Dialer, End, TcpConnector, run};
/// use tokio::io::AsyncReadExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// # use tokio::io::AsyncWriteExt;
/// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let address = listener.local_addr()?;
/// # tokio::spawn(async move {
/// #     drop(listener.accept().await?);
/// #     listener.accept().await?.0.write_all(b"hello").await
/// # });
/// let connector = TcpConnector::new(
///     Dialer::new(address)?,
///     async |mut stream, _session| -> std::io::Result<End> {
///         let mut greeting = [0; 5];
///         stream.read_exact(&mut greeting).await?;
///         assert_eq!(&greeting, b"hello");
///         Ok(End::Exit)
///     },
/// );
/// run(connector).await
/// # }
/// ```
///
/// | setting | default |
/// | --- | --- |
/// | [`retry`](Self::retry) | [`Exponential::default()`](schmoozer_backoff::Exponential), without end |
/// | [`retry_if`](Self::retry_if) | every error |
/// | [`hint`](Self::hint) | none |
/// | [`stable_after`](Self::stable_after) | 10 s |
/// | [`ready_when_marked`](Self::ready_when_marked) | off: ready when connected |
/// | [`failback`](Self::failback) | off |
///
/// # What the dialer learns
///
/// An address or endpoint whose connection failed, or was reconnected, before it was stable goes behind the others for
/// the next dials. When all have been tried, the order starts again. So a server that accepts and closes does not keep
/// the connector from one that works. A renewal or a shutdown says nothing about an endpoint.
///
/// The type parameters are the upgrade, the handler, its error, and what it serves. You never need to write them.
#[must_use = "a connector does nothing until it is run"]
pub struct TcpConnector<U, H, E, C = TcpStream> {
    pub(crate) dialer: Dialer,
    pub(crate) upgrade: U,
    pub(crate) handler: H,
    pub(crate) decide: Decide<E>,
    pub(crate) retry_if: RetryIf<E>,
    pub(crate) hint: Hint<E>,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) failback: Option<Failback>,
    /// Where the connection leads that is to be served next.
    pub(crate) route: Option<Route>,
    /// How the last connection ended, until it is learned from.
    pub(crate) ended: Option<(Route, Ended)>,
    /// A connection to the first endpoint, to fail back onto.
    pub(crate) held: Option<(C, Route)>,
}

/// What a [`Retry`] decides, whatever its policy.
type Decide<E> = Box<dyn FnMut(Failure<E>, Option<Duration>) -> RetryResult<E> + Send>;
type RetryIf<E> = Box<dyn FnMut(&Failure<E>) -> bool + Send>;
type Hint<E> = Box<dyn FnMut(&E) -> Option<Duration> + Send>;

impl<H, E> TcpConnector<Plain<E>, H, E> {
    /// Makes a connector that dials with `dialer` and serves each connection with `serve`:
    /// `async fn(TcpStream, Session) -> Result<End, E>`, or a closure like it.
    pub fn new<Serving>(dialer: Dialer, serve: H) -> Self
    where
        H: FnMut(TcpStream, Session) -> Serving,
        Serving: Future<Output = Result<End, E>> + Send,
        E: From<io::Error>,
    {
        Self::of(dialer, |stream| ready(Ok(stream)), serve)
    }
}

impl<S, F, E> TcpConnector<Plain<E>, (S, F), E> {
    /// Makes a connector that lends `state` to each connection's handler:
    /// `async fn(&mut S, TcpStream, Session) -> Result<End, E>`, for example a method of `S`.
    ///
    /// The state outlives connections; [`into_state`](Self::into_state) returns it. An `async` closure may only borrow
    /// what it captures.
    ///
    /// ```
    /// use std::io;
    /// use schmoozer_tcp::{Dialer, End, Runner, Session, TcpConnector};
    /// use tokio::{io::AsyncWriteExt, net::TcpStream};
    ///
    /// struct Queue(Vec<&'static str>);
    ///
    /// impl Queue {
    ///     async fn drain(&mut self, mut stream: TcpStream, _session: Session) -> io::Result<End> {
    ///         while let Some(line) = self.0.last() {
    ///             stream.write_all(line.as_bytes()).await?; // an error keeps the line for the next connection
    ///             self.0.pop();
    ///         }
    ///         Ok(End::Exit)
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> io::Result<()> {
    /// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let dialer = Dialer::new(listener.local_addr()?)?;
    /// let mut link = TcpConnector::with_state(dialer, Queue(vec!["b\n", "a\n"]), Queue::drain);
    /// Runner::new(&mut link).run().await?;
    /// assert!(link.into_state().0.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_state(dialer: Dialer, state: S, serve: F) -> Self
    where
        S: 'static,
        F: for<'a> ServeWith<'a, S, TcpStream, E>,
        E: From<io::Error>,
    {
        Self::of(dialer, |stream| ready(Ok(stream)), (state, serve))
    }

    /// Returns the state that it was made with.
    pub fn into_state(self) -> S {
        self.handler.0
    }
}

impl<U, H, E, C> TcpConnector<U, H, E, C> {
    /// Makes a connector that upgrades each stream before it is served: TLS, a login, a handshake.
    ///
    /// `upgrade` is `async fn(TcpStream) -> Result<C, E>`, `serve` is `async fn(C, Session) -> Result<End, E>`. The
    /// upgrade is part of connecting. It must end within the dialer's [`timeout`](Dialer::timeout), which begins with the
    /// dial. If it fails, the connect has failed, and the endpoint goes behind the others for the next dials. When it is
    /// done, the connection is ready.
    ///
    /// ```
    /// use std::io;
    /// use schmoozer_tcp::{Dialer, End, Session, TcpConnector, run};
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    /// use tokio::net::TcpStream;
    ///
    /// /// A client that has a version of the protocol in common with its server.
    /// struct Client { version: u8, stream: TcpStream }
    ///
    /// async fn handshake(mut stream: TcpStream) -> io::Result<Client> {
    ///     stream.write_all(b"hello").await?;
    ///     let version = stream.read_u8().await?;
    ///     Ok(Client { version, stream })
    /// }
    ///
    /// async fn serve(client: Client, _session: Session) -> io::Result<End> {
    ///     assert_eq!(client.version, 3);
    ///     // … serve `client.stream`
    /// #   drop(client.stream);
    ///     Ok(End::Exit)
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> io::Result<()> {
    /// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    /// # let dialer = Dialer::new(listener.local_addr()?)?;
    /// # tokio::spawn(async move { listener.accept().await?.0.write_all(&[3]).await });
    /// run(TcpConnector::upgraded(dialer, handshake, serve)).await
    /// # }
    /// ```
    pub fn upgraded<Upgrading, Serving>(dialer: Dialer, upgrade: U, serve: H) -> Self
    where
        U: FnMut(TcpStream) -> Upgrading,
        Upgrading: Future<Output = Result<C, E>> + Send,
        H: FnMut(C, Session) -> Serving,
        Serving: Future<Output = Result<End, E>> + Send,
        E: From<io::Error>,
    {
        Self::of(dialer, upgrade, serve)
    }

    fn of(dialer: Dialer, upgrade: U, handler: H) -> Self {
        Self {
            dialer,
            upgrade,
            handler,
            decide: decide_by(Exponential::default().into()),
            retry_if: Box::new(|_| true),
            hint: Box::new(|_| None),
            lifecycle: Lifecycle::new(),
            failback: None,
            route: None,
            ended: None,
            held: None,
        }
    }

    /// Sets the delays: a policy, or a [`Retry`], which also sets when to give up.
    ///
    /// ```
    /// use std::time::Duration;
    /// use schmoozer_tcp::{Dialer, End, Exponential, Jitter, Retry, TcpConnector};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let dialer = Dialer::new("db.example.com:5432")?;
    /// let policy = Exponential::new(Duration::from_millis(100))
    ///     .cap(Duration::from_secs(30))
    ///     .jitter(Jitter::Full);
    /// let connector = TcpConnector::new(dialer, async |_, _| std::io::Result::Ok(End::Exit))
    ///     .retry(Retry::new(policy).give_up_after(Duration::from_secs(600)));
    /// # drop(connector);
    /// # Ok(())
    /// # }
    /// ```
    pub fn retry<P>(mut self, retry: impl Into<Retry<P>>) -> Self
    where
        P: Clone + IntoIterator<Item = Duration, IntoIter: Send> + Send + 'static,
    {
        self.decide = decide_by(retry.into());
        self
    }

    /// Sets which failures are worth a retry, of dials and of the handler. The loop ends with the error of any other.
    ///
    /// [`Failure::uptime`] tells the two apart. [`is_transient`](crate::is_transient()) says what the kinds of an
    /// `io::Error` usually mean.
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use schmoozer_tcp::{Dialer, End, TcpConnector};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let dialer = Dialer::new("db.example.com:5432")?;
    /// let connector = TcpConnector::new(dialer, async |_, _| std::io::Result::Ok(End::Exit))
    ///     .retry_if(|failure| failure.cause.kind() != ErrorKind::InvalidData);
    /// # drop(connector);
    /// # Ok(())
    /// # }
    /// ```
    pub fn retry_if(mut self, retry_if: impl FnMut(&Failure<E>) -> bool + Send + 'static) -> Self {
        self.retry_if = Box::new(retry_if);
        self
    }

    /// Reads from an error how long the server asks its clients to wait, which then replaces the policy's delay. It is
    /// limited to [`Retry::hint_at_most`], by default 5 min, and then up to 10 % is added at random.
    pub fn hint(mut self, hint: impl FnMut(&E) -> Option<Duration> + Send + 'static) -> Self {
        self.hint = Box::new(hint);
        self
    }

    /// Sets how long a connection must have been ready to be stable, by default 10 s. See
    /// [`Lifecycle::stable_after`].
    pub fn stable_after(mut self, uptime: Duration) -> Self {
        self.lifecycle = self.lifecycle.stable_after(uptime);
        self
    }

    /// A connection is ready when the handler calls [`Session::ready`], for example after a login. Nothing ends a login
    /// that hangs: put a `timeout` around it, or use [`upgraded`](Self::upgraded).
    pub fn ready_when_marked(mut self) -> Self {
        self.lifecycle = self.lifecycle.ready_when_marked();
        self
    }

    /// Returns to the first endpoint when that works again. Implies [`Order::Failover`].
    ///
    /// While a stable connection to a spare is up, the first endpoint is dialed beside it each `every`, give or take
    /// 10 %, and not more often than every 10 ms. When that connects, the spare is renewed: [`Session::stopping`] resolves
    /// in its handler, which has its grace. Then the new connection is served, without another dial and without a
    /// failure. If that is lost before it is stable, `every` doubles, at most 32-fold, until the first endpoint has been
    /// stable.
    ///
    /// The two handlers do not overlap. With a [`Current`](crate::Current), `ready()` waits out the moment between them,
    /// and `get()` may see no client in it. A dial beside the spare ends within the dialer's
    /// [`timeout`](Dialer::timeout); the loop's own connect timeout does not reach it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use schmoozer_tcp::{Dialer, End, TcpConnector};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let dialer = Dialer::any_of(["main.example.com:7000", "spare.example.com:7000"])?;
    /// let connector = TcpConnector::new(dialer, async |_, _| std::io::Result::Ok(End::Exit))
    ///     .failback(Duration::from_secs(60));
    /// # drop(connector);
    /// # Ok(())
    /// # }
    /// ```
    pub fn failback(mut self, every: Duration) -> Self {
        self.dialer = self.dialer.order(Order::Failover);
        self.failback = Some(Failback::new(every));
        self
    }
}

fn decide_by<P, E>(mut retry: Retry<P>) -> Decide<E>
where
    P: Clone + IntoIterator<Item = Duration, IntoIter: Send> + Send + 'static,
{
    Box::new(move |failure, asked| retry.on_failure_asked(failure, asked))
}

impl<U, H, E, C> fmt::Debug for TcpConnector<U, H, E, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpConnector")
            .field("dialer", &self.dialer)
            .finish_non_exhaustive()
    }
}
