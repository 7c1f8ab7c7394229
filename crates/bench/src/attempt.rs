use std::cell::Cell;
use std::fmt;
use std::future::poll_fn;
use std::hint::black_box;
use std::mem;
use std::task::Poll;

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(0) };
}

/// Lets the next `attempts` attempts of this thread fail, but for the last one.
pub fn set_attempts(attempts: u64) {
    LEFT.set(attempts);
}

/// Returns how many attempts have not been made yet.
#[must_use]
pub fn attempts_left() -> u64 {
    LEFT.get()
}

/// Why an attempt fails; as small as an error can be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refused(pub(crate) u32);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused with code {}", self.0)
    }
}

impl std::error::Error for Refused {}

/// What every candidate retries. It fails until the attempts set by [`set_attempts`] are used up; with
/// `SUSPENDS` it is not ready when it is polled first.
pub(crate) async fn attempt<const SUSPENDS: bool>() -> Result<(), Refused> {
    if SUSPENDS {
        let mut suspended = false;
        poll_fn(|context| {
            if mem::replace(&mut suspended, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
    let left = LEFT.get() - 1;
    LEFT.set(black_box(left));
    if left == 0 { Ok(()) } else { Err(Refused(111)) }
}
