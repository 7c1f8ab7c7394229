use std::future::poll_fn;
use std::mem;
use std::task::Poll;

/// Lets other tasks run: what a zero delay does instead of troubling the timer, so that no policy can
/// starve a worker.
pub(crate) async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
