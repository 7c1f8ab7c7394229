use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};

/// The task of a loop, to be woken from other tasks and threads.
///
/// A waker's `clone`, `wake` and `drop` are not ours, and may use a handle: they happen while nothing is locked.
#[derive(Debug, Default)]
pub(crate) struct LoopWaker(Mutex<Option<Waker>>);

impl LoopWaker {
    /// Has the task woken at the next [`wake`](Self::wake). Look again afterwards: one may have come in between.
    #[inline]
    pub(crate) fn listen(&self, cx: &Context<'_>) {
        let known = {
            let waker = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            waker
                .as_ref()
                .is_some_and(|waker| waker.will_wake(cx.waker()))
        };
        if !known {
            drop(self.replace(Some(cx.waker().clone())));
        }
    }

    pub(crate) fn wake(&self) {
        if let Some(waker) = self.replace(None) {
            waker.wake();
        }
    }

    /// Lets go of the task, which has ended.
    pub(crate) fn forget(&self) {
        drop(self.replace(None));
    }

    fn replace(&self, new: Option<Waker>) -> Option<Waker> {
        let mut waker = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *waker, new)
    }
}
