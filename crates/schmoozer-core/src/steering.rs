//! What cuts short what the loop is doing: a shutdown, a handle's request.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::control::{Control, Seen};

/// A shutdown future, a handle's requests, or both.
#[derive(Default)]
pub struct Steering<'a> {
    shutdown: Option<Pin<Box<dyn Future<Output = ()> + Send + 'a>>>,
    control: Option<Arc<Control>>,
    /// How long a connection may go on when the loop shall stop.
    pub(crate) grace: Duration,
    seen: Seen,
    stopping: bool,
}

/// Why a step ends before it is done.
pub(crate) enum Interrupt {
    Stop,
    Asked,
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

    /// Whether the loop shall stop.
    pub(crate) fn stopping(&self) -> bool {
        self.stopping
    }

    /// Forgets the requests that came so far: what comes from now on is for the step that begins.
    pub(crate) fn begin(&mut self) {
        if let Some(control) = &self.control {
            self.seen = control.seen();
        }
    }

    /// The output of `step`, unless the loop shall stop first, or `asked` finds a request.
    pub(crate) fn unless_interrupted<F: Future>(
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
