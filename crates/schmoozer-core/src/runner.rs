use std::cell::OnceCell;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::board::Writer;
use crate::connect_timeout::{Limit, Limited};
use crate::control::Control;
use crate::logs::{Logs, in_span, span};
use crate::observed::{Observed, Watch};
use crate::pacer::Pace;
use crate::run::drive;
use crate::steering::{Steer, Steering};
use crate::supervised::Supervised;
use crate::{ConnectTimeout, Connector, Handle, Observer, Pacer};

/// Runs a connector with options: stopped from outside, limited, paced, watched, steered.
///
/// [`run`](crate::run) is this without options. Each option costs those who set it; the type
/// parameters after `C` say which are set, and are `()` for those that are not. The order of the
/// setters does not matter.
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
    writer: OnceCell<Writer>,
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
            writer: OnceCell::new(),
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
    /// [`ConnectTimeout`].
    ///
    /// `io::Error`, `String`, `Box<dyn Error>` and the like convert from it; an error type of one's own
    /// needs `impl From<ConnectTimeout>`.
    pub fn connect_timeout(self, after: Duration) -> Runner<C, Limited<C::Error>, P, O, S>
    where
        C::Error: From<ConnectTimeout>,
    {
        Runner {
            connector: self.connector,
            limit: Limited {
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
    L: Limit<C::Error>,
    P: Pace,
    O: Observers,
    S: Steers,
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
            let connector = &mut connector;
            match writer {
                // Nothing is set: the loop, and nothing else.
                None if !(L::SET || P::SET || O::Watch::SET || S::Steer::SET) => {
                    drive(connector).await
                }
                None => {
                    let steer = steering.unless_none(grace);
                    supervise(Supervised::new(
                        connector,
                        limit,
                        pacer,
                        observer.watch(),
                        steer,
                    ))
                    .await
                }
                Some(writer) => {
                    let steer = steering.always(grace, Arc::clone(&writer.shared.control));
                    let watch = Observed::new((writer, (Logs, observer)));
                    supervise(Supervised::new(connector, limit, pacer, watch, steer)).await
                }
            }
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

async fn supervise<C, L, P, W, S>(mut connector: Supervised<C, L, P, W, S>) -> Result<(), C::Error>
where
    C: Connector,
    L: Limit<C::Error>,
    P: Pace,
    W: Watch,
    S: Steer,
{
    let result = drive(&mut connector).await;
    connector.stopped(result)
}

/// The observers that were set, if any.
trait Observers: Observer {
    type Watch: Watch;
    fn watch(self) -> Self::Watch;
}

#[cfg(not(feature = "tracing"))]
impl Observers for () {
    type Watch = ();
    fn watch(self) {}
}

#[cfg(feature = "tracing")]
impl Observers for () {
    type Watch = Observed<Logs>;
    fn watch(self) -> Self::Watch {
        Observed::new(Logs)
    }
}

impl<A: Observer, B: Observer> Observers for (A, B) {
    type Watch = Observed<(Logs, Self)>;
    fn watch(self) -> Self::Watch {
        Observed::new((Logs, self))
    }
}

/// The shutdown that was set, if any.
trait Steers: Send {
    type Steer: Steer;
    type Always: Steer;
    fn unless_none(self, grace: Duration) -> Self::Steer;
    fn always(self, grace: Duration, control: Arc<Control>) -> Self::Always;
}

impl Steers for () {
    type Steer = ();
    type Always = Steering<'static>;
    fn unless_none(self, _: Duration) {}
    fn always(self, grace: Duration, control: Arc<Control>) -> Self::Always {
        Steering::default().grace(grace).control(control)
    }
}

impl Steers for Steering<'_> {
    type Steer = Self;
    type Always = Self;
    fn unless_none(self, grace: Duration) -> Self {
        self.grace(grace)
    }
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
