use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};

use crate::judge::Judge;
use crate::{Lifecycle, Retry, RetryResult};

/// Runs an operation again until it succeeds: a plain async operation, where there is no connection to keep.
///
/// `operation` is called for each attempt, and what it borrows stays borrowed until the end. `retry` is a delay policy,
/// or a [`Retry`] where more is to be set. Await the result, or set [`when`](Retrying::when) and
/// [`on_failure`](Retrying::on_failure) first.
///
/// # Errors
///
/// Returns the operation's last error when the policy has ended, or when `when` refuses to retry.
///
/// # Panics
///
/// Panics when a closure does, and when it has to wait outside a tokio runtime with its time driver enabled.
///
/// # Cancel safety
///
/// Drop the future at any time: the attempt or the wait under way is dropped with it.
///
/// # Examples
///
/// ```
/// use std::{io, time::Duration};
/// use schmoozer_core::retry;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> io::Result<()> {
/// struct Client;
///
/// impl Client {
///     async fn get(&self, path: &str) -> io::Result<String> {
///         Ok(format!("the page {path}"))
///     }
/// }
///
/// let client = Client;
/// let page = retry([1, 2, 4].map(Duration::from_secs), || client.get("/"))
///     .when(|error| error.kind() != io::ErrorKind::PermissionDenied)
///     .on_failure(|error, delay| eprintln!("{error}; again in {delay:?}"))
///     .await?;
/// assert_eq!(page, "the page /");
/// # Ok(())
/// # }
/// ```
pub fn retry<P, Operation, Attempt, T, E>(
    retry: impl Into<Retry<P>>,
    operation: Operation,
) -> Retrying<P, Operation, Attempt, EveryError<E>, NoCallback<E>>
where
    P: Clone + IntoIterator<Item = Duration>,
    Operation: FnMut() -> Attempt,
    Attempt: Future<Output = Result<T, E>>,
{
    Retrying::new(retry.into(), operation, |_| true, |_, _| {})
}

/// Without [`Retrying::when`]: every error is worth a retry.
pub type EveryError<E> = fn(&E) -> bool;

/// Without [`Retrying::on_failure`].
pub type NoCallback<E> = fn(&E, Duration);

pin_project! {
    /// An operation and its attempts: made by [`retry`].
    #[must_use = "nothing is tried until it is awaited"]
    pub struct Retrying<P: IntoIterator, Operation, Attempt, When, OnFailure> {
        retry: Retry<P>,
        operation: Operation,
        when: When,
        on_failure: OnFailure,
        judge: Judge,
        #[pin]
        trying: Option<Attempt>,
        #[pin]
        wait: Option<Sleep>,
    }
}

impl<P, Operation, Attempt, T, E, When, OnFailure> Retrying<P, Operation, Attempt, When, OnFailure>
where
    P: IntoIterator,
    Attempt: Future<Output = Result<T, E>>,
{
    fn new(retry: Retry<P>, operation: Operation, when: When, on_failure: OnFailure) -> Self {
        Self {
            retry,
            operation,
            when,
            on_failure,
            judge: Judge::new(Lifecycle::new().min_interval(Duration::ZERO)),
            trying: None,
            wait: None,
        }
    }

    /// Sets which errors are worth a retry. Any other is returned at once.
    pub fn when<F: FnMut(&E) -> bool>(
        self,
        when: F,
    ) -> Retrying<P, Operation, Attempt, F, OnFailure> {
        Retrying::new(self.retry, self.operation, when, self.on_failure)
    }

    /// Calls `on_failure` with each error after which another attempt follows, and with the delay until then.
    pub fn on_failure<F: FnMut(&E, Duration)>(
        self,
        on_failure: F,
    ) -> Retrying<P, Operation, Attempt, When, F> {
        Retrying::new(self.retry, self.operation, self.when, on_failure)
    }
}

impl<P, Operation, Attempt, T, E, When, OnFailure> Future
    for Retrying<P, Operation, Attempt, When, OnFailure>
where
    P: Clone + IntoIterator<Item = Duration>,
    Operation: FnMut() -> Attempt,
    Attempt: Future<Output = Result<T, E>>,
    When: FnMut(&E) -> bool,
    OnFailure: FnMut(&E, Duration),
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        let mut this = self.project();
        loop {
            if let Some(wait) = this.wait.as_mut().as_pin_mut() {
                ready!(wait.poll(cx));
                this.wait.set(None);
            }
            let Some(trying) = this.trying.as_mut().as_pin_mut() else {
                this.judge.begin();
                this.trying.set(Some((this.operation)()));
                continue;
            };
            let error = match ready!(trying.poll(cx)) {
                Ok(value) => return Poll::Ready(Ok(value)),
                Err(error) => error,
            };
            this.trying.set(None);
            if !(this.when)(&error) {
                return Poll::Ready(Err(error));
            }
            let failure = this.judge.failed(());
            let RetryResult::After(delay) = this.retry.on_failure(failure) else {
                return Poll::Ready(Err(error));
            };
            (this.on_failure)(&error, delay);
            if delay.is_zero() {
                // Other tasks run also where there is nothing to wait for.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            this.wait.set(Some(sleep(delay)));
        }
    }
}

impl<P: IntoIterator + fmt::Debug, Operation, Attempt, When, OnFailure> fmt::Debug
    for Retrying<P, Operation, Attempt, When, OnFailure>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retrying")
            .field("retry", &self.retry)
            .field("attempt", &self.judge.attempt)
            .finish_non_exhaustive()
    }
}
