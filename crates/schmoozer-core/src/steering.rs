//! Cuts short what the loop is doing: for a shutdown, a handle's request, a reconnect.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::control::{Control, Seen};

/// What can end a step of the [supervised](crate::supervised) loop early. `()` never does, at no cost.
pub(crate) trait Steer: Send {
    /// Whether anything can.
    const SET: bool = true;

    /// Forgets the requests that came so far: what comes from now on is for the step that begins.
    fn begin(&mut self);

    /// The output of `step`, or `None` as soon as the loop shall stop.
    fn step<F: Future + Send>(
        &mut self,
        step: Pin<&mut F>,
    ) -> impl Future<Output = Option<F::Output>> + Send
    where
        F::Output: Send;

    /// The end of a connection's `run`.
    fn connection<F: Future + Send>(
        &mut self,
        run: Pin<&mut F>,
    ) -> impl Future<Output = Ended<F::Output>> + Send
    where
        F::Output: Send;

    /// Waits, and answers how much of `delay` is left for the loop to wait; `None` to stop.
    fn wait(&mut self, delay: Duration) -> impl Future<Output = Option<Duration>> + Send;
}

/// How the `run` of a connection ended.
#[derive(Debug)]
pub(crate) enum Ended<T> {
    /// By itself.
    Itself(T),
    /// It was to be dropped for a new one.
    ReconnectAsked,
    /// The loop is stopping; the output if it came within the grace period.
    Stopping(Option<T>),
}

impl Steer for () {
    const SET: bool = false;

    fn begin(&mut self) {}

    async fn step<F: Future + Send>(&mut self, step: Pin<&mut F>) -> Option<F::Output>
    where
        F::Output: Send,
    {
        Some(step.await)
    }

    async fn connection<F: Future + Send>(&mut self, run: Pin<&mut F>) -> Ended<F::Output>
    where
        F::Output: Send,
    {
        Ended::Itself(run.await)
    }

    async fn wait(&mut self, delay: Duration) -> Option<Duration> {
        Some(delay)
    }
}

/// A shutdown future, a handle's requests, or both.
#[derive(Default)]
pub struct Steering<'a> {
    shutdown: Option<Pin<Box<dyn Future<Output = ()> + Send + 'a>>>,
    control: Option<Arc<Control>>,
    grace: Duration,
    seen: Seen,
    stopping: bool,
}

impl<'a> Steering<'a> {
    pub(crate) fn new(shutdown: impl Future + Send + 'a) -> Self {
        Self {
            shutdown: Some(Box::pin(async {
                shutdown.await;
            })),
            ..Self::default()
        }
    }

    pub(crate) fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    pub(crate) fn control(mut self, control: Arc<Control>) -> Self {
        self.control = Some(control);
        self
    }

    /// Ready when the loop shall stop, or when `asked` finds a request.
    fn poll_interrupted(
        &mut self,
        cx: &mut Context<'_>,
        asked: fn(&Control, Seen) -> bool,
    ) -> Poll<Interrupt> {
        if let Some(shutdown) = &mut self.shutdown {
            if shutdown.as_mut().poll(cx).is_ready() {
                self.shutdown = None;
                self.stopping = true;
            }
        }
        self.poll_asked(asked)
    }

    fn poll_asked(&mut self, asked: fn(&Control, Seen) -> bool) -> Poll<Interrupt> {
        if let Some(control) = &self.control {
            self.stopping |= control.stopping();
            if !self.stopping && asked(control, self.seen) {
                return Poll::Ready(Interrupt::Asked);
            }
        }
        if self.stopping {
            return Poll::Ready(Interrupt::Stop);
        }
        Poll::Pending
    }

    /// The output of `step`, unless it is interrupted first.
    fn unless_interrupted<F: Future>(
        &mut self,
        mut step: Pin<&mut F>,
        asked: fn(&Control, Seen) -> bool,
    ) -> impl Future<Output = Result<F::Output, Interrupt>> {
        poll_fn(move |cx| {
            if let Poll::Ready(interrupt) = self.poll_interrupted(cx, asked) {
                return Poll::Ready(Err(interrupt));
            }
            if let Poll::Ready(output) = step.as_mut().poll(cx) {
                return Poll::Ready(Ok(output));
            }
            match &self.control {
                // Only a step that takes time is worth listening for; a request that came before the
                // control knew whom to wake is found by looking again.
                Some(control) => {
                    control.listen(cx);
                    self.poll_asked(asked).map(Err)
                }
                None => Poll::Pending,
            }
        })
    }
}

enum Interrupt {
    Stop,
    Asked,
}

impl Steer for Steering<'_> {
    fn begin(&mut self) {
        if let Some(control) = &self.control {
            self.seen = control.seen();
        }
    }

    async fn step<F: Future + Send>(&mut self, step: Pin<&mut F>) -> Option<F::Output>
    where
        F::Output: Send,
    {
        self.unless_interrupted(step, |_, _| false).await.ok()
    }

    async fn connection<F: Future + Send>(&mut self, mut run: Pin<&mut F>) -> Ended<F::Output>
    where
        F::Output: Send,
    {
        match self
            .unless_interrupted(run.as_mut(), Control::reconnect_since)
            .await
        {
            Ok(output) => Ended::Itself(output),
            Err(Interrupt::Asked) => Ended::ReconnectAsked,
            Err(Interrupt::Stop) if self.grace.is_zero() => Ended::Stopping(None),
            Err(Interrupt::Stop) => Ended::Stopping(timeout(self.grace, run).await.ok()),
        }
    }

    async fn wait(&mut self, delay: Duration) -> Option<Duration> {
        if delay.is_zero() {
            // The loop yields instead; a request to stop is seen when it connects.
            return Some(delay);
        }
        match self
            .unless_interrupted(pin!(sleep(delay)), Control::retry_since)
            .await
        {
            Ok(()) | Err(Interrupt::Asked) => Some(Duration::ZERO),
            Err(Interrupt::Stop) => None,
        }
    }
}

impl fmt::Debug for Steering<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Steering")
            .field("shutdown", &self.shutdown.is_some())
            .field("grace", &self.grace)
            .field("stopping", &self.stopping)
            .finish_non_exhaustive()
    }
}
