use std::future::poll_fn;
use std::mem;
use std::task::Poll;
use std::time::Duration;

use tokio::time::sleep;

/// Waits for `delay`. None at all leaves the timer alone, yet lets other tasks run: no policy can
/// starve a worker.
pub(crate) async fn wait(delay: Duration) {
    if delay.is_zero() {
        yield_now().await;
    } else {
        sleep(delay).await;
    }
}

async fn yield_now() {
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
