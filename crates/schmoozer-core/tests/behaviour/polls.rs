use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Lets a future be polled so many times, then drops it: after each number of polls in turn, that is at
/// each point at which it awaits.
pub(crate) struct Polls<F> {
    future: Pin<Box<F>>,
    left: usize,
}

/// The output of `future`, or `None` when it was dropped after `polls` polls.
pub(crate) fn polled<F: Future>(future: F, polls: usize) -> Polls<F> {
    Polls {
        future: Box::pin(future),
        left: polls,
    }
}

impl<F: Future> Future for Polls<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        match self.future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if self.left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}
