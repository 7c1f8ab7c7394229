use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::watch;

use crate::full::drive;
use crate::options::{Limit, Options};
use crate::shared::Shared;
use crate::{ConnectTimeout, Connector, Event, Handle, Observer, Pacer, Stopped, Why};

/// Runs a connector with options: stopped from outside, limited, paced, watched, steered.
///
/// [`run`](crate::run) is this without options. The order of the setters does not matter. Observers add up; of any
/// other option that is set twice, the later one holds.
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
    shared: Shares,
}

impl<'a, C: Connector> Runner<'a, C> {
    /// Runs `connector` without options until some are set.
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
                observers: Vec::new(),
            },
            shared: Shares::default(),
        }
    }

    /// Stops the loop when `shutdown` resolves, to whatever: an attempt or a wait at once, a connection within its
    /// [`grace`](Self::grace). [`run`](Self::run) then returns `Ok(())`.
    pub fn shutdown<F: Future + Send + 'a>(mut self, shutdown: F) -> Self {
        self.options.shutdown = Some(Box::pin(async {
            shutdown.await;
        }));
        self
    }

    /// Sets how long a handler may go on after its connection was told to end, before it is dropped. Without this, a
    /// handler that has asked [`Session::stopping`](crate::Session::stopping) has 5 s, and any other none.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.options.grace = Some(grace);
        self
    }

    /// Drops a `connect` that takes longer than `after`: a failure with the error [`ConnectTimeout`].
    ///
    /// `io::Error`, `String`, `Box<dyn Error>` and the like convert from that. For an error type that does not, use
    /// [`connect_timeout_with`](Self::connect_timeout_with).
    pub fn connect_timeout(self, after: Duration) -> Self
    where
        C::Error: From<ConnectTimeout>,
    {
        self.connect_timeout_with(after, move || C::Error::from(ConnectTimeout { after }))
    }

    /// Drops a `connect` that takes longer than `after`: a failure with the error that `error` returns.
    pub fn connect_timeout_with<F>(mut self, after: Duration, error: F) -> Self
    where
        F: FnMut() -> C::Error + Send + 'a,
    {
        let error = Box::new(error);
        self.options.connect_timeout = Some(Limit { after, error });
        self
    }

    /// Lets `pacer` decide when an attempt may begin; share one among many runners. The wait for it counts neither as
    /// connecting nor as part of the delay.
    pub fn pacer(mut self, pacer: Pacer) -> Self {
        self.options.pacer = Some(pacer);
        self
    }

    /// Renews a connection when it is `age` old, for example because its credentials expire.
    ///
    /// The age is counted from when it connected, and drawn at random from 0.9 to 1.0 times `age` for each
    /// connection. A connection is never renewed before it is stable. The handler is told by
    /// [`Session::stopping`](crate::Session::stopping).
    pub fn max_age(mut self, age: Duration) -> Self {
        self.options.max_age = Some(age);
        self
    }

    /// Holds attempts while `online` is false, and connects at once when it becomes true.
    ///
    /// A connection or an attempt under way is left alone. Time offline does not count toward
    /// [`Retry::give_up_after`](crate::Retry::give_up_after). If the sender is dropped, the network counts as there.
    pub fn while_online(mut self, online: watch::Receiver<bool>) -> Self {
        self.options.online = Some(online);
        self
    }

    /// Runs `connection` first, which is up already, instead of connecting.
    ///
    /// Its loss is failure 1. Observers receive `Connected` for it, and no `Connecting`.
    pub fn starting_with(mut self, connection: C::Connection) -> Self {
        self.options.starting_with = Some(connection);
        self
    }

    /// Hands every event to `observer`, after those that were set before.
    pub fn observer<O: Observer + 'a>(mut self, observer: O) -> Self {
        self.options.observers.push(Box::new(observer));
        self
    }

    /// Calls `observe` with every event: an [`observer`](Self::observer) whose parameter needs no type.
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

    /// Returns a handle, to watch and steer the connection from elsewhere.
    pub fn handle(&self) -> Handle {
        Handle::new(Arc::clone(self.shared.get()))
    }

    /// Runs the connector until it says to exit, or is told to stop.
    ///
    /// The future is small: what the loop needs is on the heap.
    ///
    /// # Errors
    ///
    /// Returns the error that the connector exits or gives up with: the last real one.
    ///
    /// # Panics
    ///
    /// Panics when one of the connector's methods or an observer panics, and outside a tokio runtime with its time
    /// driver enabled. Handles then say [`Stopped`](crate::Status::Stopped).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](crate::run). Handles then say [`Stopped`](crate::Status::Stopped).
    pub fn run(self) -> impl Future<Output = Result<(), C::Error>> + Send {
        let Self {
            connector,
            options,
            mut shared,
        } = self;
        Box::pin(async move { drive(connector, options, shared.take()).await })
    }

    /// Runs the connector on a task of its own, and returns its handle. The task ends with the connector; dropping
    /// the handles does not end it.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime. A panic of the connector is in the task's result.
    #[cfg(feature = "rt")]
    #[cfg_attr(docsrs, doc(cfg(feature = "rt")))]
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

/// What is shared with handles. One that is never run tells them when it is dropped.
#[derive(Default)]
struct Shares(OnceLock<Arc<Shared>>);

impl Shares {
    fn get(&self) -> &Arc<Shared> {
        self.0.get_or_init(Shared::new)
    }

    fn take(&mut self) -> Arc<Shared> {
        self.0.take().unwrap_or_else(Shared::new)
    }
}

impl Drop for Shares {
    fn drop(&mut self) {
        if let Some(shared) = self.0.get() {
            if shared.state().stopped().is_none() {
                let stopped = Stopped::new(Why::Dropped, None);
                let event = Event::Stopped { stopped: &stopped };
                shared.note(tokio::time::Instant::now(), &event);
            }
        }
    }
}
