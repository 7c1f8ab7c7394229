use std::time::Duration;

/// Reads from an error when the server wants to be tried again.
///
/// Closures `Fn(&E) -> Option<Duration>` are hints; see [`Delays::hint`](crate::Delays::hint).
pub trait Hint<E> {
    /// The delay that the server asked for in `cause`; `None` leaves it to the policy.
    fn delay(&self, cause: &E) -> Option<Duration>;
}

impl<E, F: Fn(&E) -> Option<Duration>> Hint<E> for F {
    fn delay(&self, cause: &E) -> Option<Duration> {
        self(cause)
    }
}

/// No hint: the policy decides alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoHint;

impl<E> Hint<E> for NoHint {
    fn delay(&self, _: &E) -> Option<Duration> {
        None
    }
}
