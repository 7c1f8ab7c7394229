use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};

/// What handles ask of the loop. Requests are counted, so that the loop sees those that came since it
/// last looked, and forgets those that came when there was nothing to cut short.
#[derive(Debug, Default)]
pub(crate) struct Control {
    stop: AtomicBool,
    retries: AtomicU64,
    reconnects: AtomicU64,
    /// The loop's, while it waits for anything.
    waker: Mutex<Option<Waker>>,
}

/// How many requests the loop had seen.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Seen {
    retries: u64,
    reconnects: u64,
}

impl Control {
    pub(crate) fn retry(&self) {
        self.retries.fetch_add(1, Ordering::Release);
        self.wake();
    }

    pub(crate) fn reconnect(&self) {
        self.reconnects.fetch_add(1, Ordering::Release);
        self.retry();
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.wake();
    }

    pub(crate) fn stopping(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    pub(crate) fn seen(&self) -> Seen {
        Seen {
            retries: self.retries.load(Ordering::Acquire),
            reconnects: self.reconnects.load(Ordering::Acquire),
        }
    }

    pub(crate) fn retry_since(&self, seen: Seen) -> bool {
        self.retries.load(Ordering::Acquire) != seen.retries
    }

    pub(crate) fn reconnect_since(&self, seen: Seen) -> bool {
        self.reconnects.load(Ordering::Acquire) != seen.reconnects
    }

    /// Has the loop woken at the next request. Look for requests again afterwards: one may have come in
    /// between.
    pub(crate) fn listen(&self, cx: &Context<'_>) {
        let mut waker = self.waker();
        if !waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()))
        {
            let old = waker.replace(cx.waker().clone());
            // Before the old one goes: its task may go with it, and use a handle.
            drop(waker);
            drop(old);
        }
    }

    /// Lets go of the loop's task, which has ended.
    pub(crate) fn forget(&self) {
        let waker = self.waker().take();
        drop(waker);
    }

    fn wake(&self) {
        let waker = self.waker().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
