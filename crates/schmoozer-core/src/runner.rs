use std::fmt::{self, Display};
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::board::Writer;
use crate::connect_timeout::Limit;
use crate::control::Control;
use crate::driven::{Layer, Plain};
use crate::logs::{Logs, in_span, span};
use crate::observed::Watch;
use crate::run::drive;
use crate::steering::Steering;
use crate::{ConnectTimeout, Connector, Handle, Observer, Pacer};

/// Runs a connector with options: stopped from outside, limited, paced, watched, steered.
///
/// [`run`](crate::run) is this without options. Each option costs those who set it; the type
/// parameters after `C` say which are set, and are `()` for those that are not. The order of the
/// setters does not matter. Observers add up; of any other option that is set twice, the later holds.
///
/// To keep one in a struct, keep the future of [`run`](Self::run), boxed, and a [`Handle`]: not all of
/// the parameters have names.
///
/// # Examples
///
/// ```
/// use std::{convert::Infallible, time::Duration};
/// use schmoozer_core::{Runner, connector_fn};
/// use tokio::sync::oneshot;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Infallible> {
/// let connector = connector_fn(
///     async || Ok::<_, Infallible>("a connection"),
///     async |_| std::future::pending().await,
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
pub struct Runner<C, L = (), P = (), O = (), S = ()> {
    connector: C,
    limit: L,
    pacer: P,
    observer: O,
    steering: S,
    grace: Duration,
    writer: OnceLock<Writer>,
}

impl<C: Connector> Runner<C> {
    /// Runs `connector` without options until some are set.
    pub const fn new(connector: C) -> Self {
        Self {
            connector,
            limit: (),
            pacer: (),
            observer: (),
            steering: (),
            grace: Duration::ZERO,
            writer: OnceLock::new(),
        }
    }
}

impl<C: Connector, L, P, O, S> Runner<C, L, P, O, S> {
    /// Stops when `shutdown` resolves, whatever to: a connect or a wait at once, a connection within the
    /// [`grace`](Self::grace) period. `run` then answers `Ok(())`.
    pub fn shutdown<'a, F>(self, shutdown: F) -> Runner<C, L, P, O, Steering<'a>>
    where
        F: Future + Send + 'a,
    {
        Runner {
            connector: self.connector,
            limit: self.limit,
            pacer: self.pacer,
            observer: self.observer,
            steering: Steering::new(shutdown),
            grace: self.grace,
            writer: self.writer,
        }
    }

    /// How long the connector's `run` may go on after a shutdown before it is dropped. Zero by default.
    ///
    /// If it exits with an error meanwhile, that is what the loop answers.
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Drops a `connect` that takes longer than `after`, and takes it for a failure with the error
    /// [`ConnectTimeout`]. It comes to the connector's `retry_delay`, where a `retry_if` is asked about it too.
    ///
    /// `io::Error`, `String`, `Box<dyn Error>` and the like convert from it; an error type of one's own
    /// needs `impl From<ConnectTimeout>`.
    pub fn connect_timeout(self, after: Duration) -> Runner<C, Limit<C::Error>, P, O, S>
    where
        C::Error: From<ConnectTimeout>,
    {
        Runner {
            connector: self.connector,
            limit: Limit {
                after,
                error: C::Error::from,
            },
            pacer: self.pacer,
            observer: self.observer,
            steering: self.steering,
            grace: self.grace,
            writer: self.writer,
        }
    }

    /// Lets `pacer` say when an attempt may begin; share one among many runners. The wait for it counts
    /// neither as connecting nor toward the delay.
    pub fn pacer(self, pacer: Pacer) -> Runner<C, L, Pacer, O, S> {
        Runner {
            connector: self.connector,
            limit: self.limit,
            pacer,
            observer: self.observer,
            steering: self.steering,
            grace: self.grace,
            writer: self.writer,
        }
    }

    /// Tells `observer` every transition, after those that were set before.
    pub fn observer<N: Observer>(self, observer: N) -> Runner<C, L, P, (O, N), S> {
        Runner {
            connector: self.connector,
            limit: self.limit,
            pacer: self.pacer,
            observer: (self.observer, observer),
            steering: self.steering,
            grace: self.grace,
            writer: self.writer,
        }
    }

    /// Hands out a handle, to watch and steer the connection from elsewhere.
    pub fn handle(&self) -> Handle {
        let writer = self.writer.get_or_init(Writer::default);
        Handle::new(Arc::clone(&writer.shared))
    }
}

#[expect(
    private_bounds,
    reason = "sealed: a runner's options are those that its setters set"
)]
impl<C, L, P, O, S> Runner<C, L, P, O, S>
where
    C: Connector,
    L: Layer<C::Error>,
    P: Layer<C::Error>,
    O: Observers<C::Error>,
    S: Steers<C::Error>,
{
    /// Runs the connector until it says to exit, or is told to stop.
    ///
    /// # Errors
    ///
    /// As [`run`](crate::run).
    ///
    /// # Panics
    ///
    /// When a callback or an observer panics, and outside a tokio runtime with its time driver enabled.
    /// Handles then say [`Stopped`](crate::Status::Stopped).
    ///
    /// # Cancel safety
    ///
    /// As [`run`](crate::run). Handles then say [`Stopped`](crate::Status::Stopped).
    pub fn run(self) -> impl Future<Output = Result<(), C::Error>> + Send {
        let Self {
            mut connector,
            limit,
            pacer,
            observer,
            steering,
            grace,
            mut writer,
        } = self;
        let writer = writer.take();
        in_span(span(&connector), async move {
            let limited = limit.around(Plain(&mut connector));
            let Some(writer) = writer else {
                let watched = pacer.around(observer.watch().around(limited));
                return drive(steering.unless_none(grace).around(watched)).await;
            };
            let steering = steering.always(grace, Arc::clone(&writer.shared.control));
            let watched =
                pacer.around(Watch((writer, (Logs::default(), observer))).around(limited));
            // On the heap: who has no handle needs no room for what one takes.
            Box::pin(drive(steering.around(watched))).await
        })
    }

    /// Runs the connector on a task of its own, and hands out its handle. The task ends with the
    /// connector; dropping the handles does not end it.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime. A panic of a callback is in the task's result.
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

/// The observers that were set, if any.
trait Observers<E>: Observer {
    type Watch: Layer<E>;
    fn watch(self) -> Self::Watch;
}

#[cfg(not(feature = "tracing"))]
impl<E> Observers<E> for () {
    type Watch = ();
    fn watch(self) {}
}

#[cfg(feature = "tracing")]
impl<E: Display + Send> Observers<E> for () {
    type Watch = Watch<Logs>;
    fn watch(self) -> Watch<Logs> {
        Watch(Logs::default())
    }
}

impl<E: Display + Send, A: Observer, B: Observer> Observers<E> for (A, B) {
    type Watch = Watch<(Logs, Self)>;
    fn watch(self) -> Watch<(Logs, Self)> {
        Watch((Logs::default(), self))
    }
}

/// The shutdown that was set, if any.
trait Steers<E>: Send {
    type Steering: Layer<E>;
    fn unless_none(self, grace: Duration) -> Self::Steering;

    type Always: Layer<E>;
    fn always(self, grace: Duration, control: Arc<Control>) -> Self::Always;
}

impl<E> Steers<E> for () {
    type Steering = ();
    fn unless_none(self, _: Duration) {}

    type Always = Steering<'static>;
    fn always(self, grace: Duration, control: Arc<Control>) -> Steering<'static> {
        Steering::default().grace(grace).control(control)
    }
}

impl<E> Steers<E> for Steering<'_> {
    type Steering = Self;
    fn unless_none(self, grace: Duration) -> Self {
        self.grace(grace)
    }

    type Always = Self;
    fn always(self, grace: Duration, control: Arc<Control>) -> Self {
        self.grace(grace).control(control)
    }
}

impl<C, L, P, O, S> fmt::Debug for Runner<C, L, P, O, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner")
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}
