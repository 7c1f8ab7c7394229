use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::full::drive;
use crate::report::Report;
use crate::signals::BoxFuture;
use crate::{ConnectTimeout, Connector, Event, Handle, Observer, Pacer};

/// Runs a connector with options: a shutdown, time limits, a limit on the rate of attempts, observers, and handles.
///
/// [`run`](crate::run) runs a connector without options. The order of the setters does not matter. You can set several
/// observers. If you set any other option twice, the second value replaces the first.
///
/// # Examples
///
/// ```
/// use std::{convert::Infallible, time::Duration};
/// use schmoozer_core::{End, Runner, connector_fn};
/// use tokio::sync::oneshot;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Infallible> {
/// let connector = connector_fn(
///     async || Ok::<_, Infallible>("a connection"),
///     async |_connection, session| Ok(session.stopping().await),
///     [Duration::from_secs(1)],
/// );
/// let (stop, stopped) = oneshot::channel::<()>();
/// let runner = Runner::new(connector).shutdown(stopped);
/// let handle = runner.handle();
///
/// let operator = async move {
///     if handle.connected().await.is_ok() {
///         drop(stop);
///     }
/// };
/// let (result, ()) = tokio::join!(runner.run(), operator);
/// result
/// # }
/// ```
#[must_use = "a runner does nothing until it is run"]
pub struct Runner<'a, C: Connector> {
    connector: C,
    options: Options<'a, C>,
    report: Report<'a>,
}

pub(crate) struct Options<'a, C: Connector> {
    pub(crate) shutdown: Option<BoxFuture<'a, ()>>,
    pub(crate) grace: Option<Duration>,
    pub(crate) connect_timeout: Option<Limit<'a, C::Error>>,
    pub(crate) pacer: Option<Pacer>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) online: Option<watch::Receiver<bool>>,
    pub(crate) starting_with: Option<C::Connection>,
}

/// How long a `connect` may take, and the error where it takes longer.
pub(crate) struct Limit<'a, E> {
    pub(crate) after: Duration,
    pub(crate) error: Box<dyn FnMut() -> E + Send + 'a>,
}

impl<'a, C: Connector> Runner<'a, C> {
    /// Creates a runner for `connector`, without options.
    pub fn new(connector: C) -> Self {
        Self {
            connector,
            options: Options {
                shutdown: None,
                grace: None,
                connect_timeout: None,
                pacer: None,
                max_age: None,
                online: None,
                starting_with: None,
            },
            report: Report::default(),
        }
    }

    /// Stops the loop when `shutdown` resolves to any value. [`run`](Self::run) then returns `Ok(())`.
    ///
    /// An attempt or a wait ends at once. A connection ends within its [`grace`](Self::grace).
    pub fn shutdown<F: Future + Send + 'a>(mut self, shutdown: F) -> Self {
        self.options.shutdown = Some(Box::pin(async {
            shutdown.await;
        }));
        self
    }

    /// Sets how long a handler may continue after it was notified to end. After this time the handler is dropped.
    ///
    /// By default, a handler that has called [`Session::stopping`](crate::Session::stopping) has 5 s. Any other handler
    /// is dropped at once.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.options.grace = Some(grace);
        self
    }

    /// Drops a `connect` that takes longer than `after`. The attempt then fails with the error [`ConnectTimeout`].
    ///
    /// `io::Error`, `String`, `Box<dyn Error>` and similar types convert from `ConnectTimeout`. For an error type
    /// without this conversion, use [`connect_timeout_with`](Self::connect_timeout_with).
    pub fn connect_timeout(self, after: Duration) -> Self
    where
        C::Error: From<ConnectTimeout>,
    {
        self.connect_timeout_with(after, move || C::Error::from(ConnectTimeout { after }))
    }

    /// Drops a `connect` that takes longer than `after`. The attempt then fails with the error that `error` returns.
    pub fn connect_timeout_with<F>(mut self, after: Duration, error: F) -> Self
    where
        F: FnMut() -> C::Error + Send + 'a,
    {
        let error = Box::new(error);
        self.options.connect_timeout = Some(Limit { after, error });
        self
    }

    /// Lets `pacer` limit when an attempt may begin. Many runners can share one pacer.
    ///
    /// The wait for the pacer counts neither as connecting nor as part of the delay.
    pub fn pacer(mut self, pacer: Pacer) -> Self {
        self.options.pacer = Some(pacer);
        self
    }

    /// Renews a connection when it is `age` old, for example because its credentials expire.
    ///
    /// To renew a connection is to end it as planned and to connect again. The age is counted from when the connection
    /// was established. For each connection, the limit is a random 0.9 to 1.0 times `age`. A connection is never
    /// renewed before it is stable. [`Session::stopping`](crate::Session::stopping) notifies the handler.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.options.max_age = Some(age);
        self
    }

    /// Holds attempts while `online` is false. When `online` becomes true, that counts as a call of
    /// [`Handle::retry_now`].
    ///
    /// While `online` is false, an existing connection and an attempt in progress continue. Time offline does not count
    /// toward [`Retry::give_up_after`](crate::Retry::give_up_after). If the sender is dropped, `online` counts as true.
    pub fn while_online(mut self, online: watch::Receiver<bool>) -> Self {
        self.options.online = Some(online);
        self
    }

    /// Starts with `connection`, which is already established, instead of connecting.
    ///
    /// The loss of this connection is failure 1. Observers receive `Connected` for this connection, but not
    /// `Connecting`.
    pub fn starting_with(mut self, connection: C::Connection) -> Self {
        self.options.starting_with = Some(connection);
        self
    }

    /// Passes every event to `observer`. Observers that you set earlier receive each event first.
    pub fn observer<O: Observer + 'a>(mut self, observer: O) -> Self {
        self.report.observers.push(Box::new(observer));
        self
    }

    /// Calls the closure `observe` with every event. Unlike with [`observer`](Self::observer), its parameter needs no
    /// type.
    ///
    /// ```
    /// # use std::{convert::Infallible, time::Duration};
    /// # use schmoozer_core::{End, Event, Runner, connector_fn};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Infallible> {
    /// # let connector = connector_fn(async || Ok::<_, Infallible>(()), async |(), _session| Ok(End::Exit), [Duration::ZERO]);
    /// Runner::new(connector)
    ///     .on_event(|event| match event {
    ///         Event::Failed { attempt: 1, cause, .. } => eprintln!("down: {cause}"),
    ///         Event::Stable { outage: Some(outage), .. } => eprintln!("up again after {outage}"),
    ///         _ => {}
    ///     })
    ///     .run()
    ///     .await
    /// # }
    /// ```
    pub fn on_event<F: FnMut(&Event<'_>) + Send + 'a>(self, observe: F) -> Self {
        self.observer(observe)
    }

    /// Returns a handle, which watches and controls the loop from other tasks.
    pub fn handle(&self) -> Handle {
        let shared = Arc::clone(&self.report.shared);
        Handle { shared }
    }

    /// Runs the connector until the connector exits or gives up, or until a shutdown.
    ///
    /// The future is small because the loop's state is on the heap.
    ///
    /// # Errors
    ///
    /// Returns the error with which the connector exits or gives up. This is the last real error.
    ///
    /// # Panics
    ///
    /// Panics when a method of the connector or an observer panics. Also panics outside a tokio runtime with its time
    /// driver enabled. After a panic, handles return [`Status::Stopped`](crate::Status::Stopped).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe, like [`run`](crate::run). When the future is dropped, handles return
    /// [`Status::Stopped`](crate::Status::Stopped).
    pub fn run(self) -> impl Future<Output = Result<(), C::Error>> + Send {
        Box::pin(drive(self.connector, self.options, self.report))
    }

    /// Runs the connector in a new task. Returns a handle of the loop, and the task.
    ///
    /// The task ends when the loop ends. The task continues when the handles are dropped.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime. If the connector panics, awaiting the task returns an error.
    #[cfg(feature = "rt")]
    pub fn spawn(self) -> (Handle, tokio::task::JoinHandle<Result<(), C::Error>>)
    where
        Self: 'static,
        C::Error: 'static,
    {
        let handle = self.handle();
        (handle, tokio::spawn(self.run()))
    }
}

impl<C: Connector> fmt::Debug for Runner<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("target", &self.connector.display_target())
            .finish_non_exhaustive()
    }
}
