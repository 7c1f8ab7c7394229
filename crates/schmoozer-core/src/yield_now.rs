use std::future::{Future, poll_fn};
use std::mem;
use std::task::Poll;

/// Lets other tasks run: what a zero delay does instead of troubling the timer, so that no policy can
/// starve a worker.
pub(crate) fn yield_now() -> impl Future<Output = ()> + Send {
    let mut yielded = false;
    poll_fn(move |cx| {
        if mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}
