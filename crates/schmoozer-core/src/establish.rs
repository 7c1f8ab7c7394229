use std::mem;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::yield_now::yield_now;
use crate::{ConnResult, Connector, Failure, RetryResult};

/// Connects, with as many attempts as the connector allows, and hands the connection over.
///
/// For a program that runs its connection itself: only `connect` and `retry_delay` are called.
/// `Ok(None)` says that the connector was told to exit before a connection was up.
///
/// Each call is a sequence of its own, and a connection that breaks early is not reported to
/// anybody: a program that calls this in a loop must itself wait between connections that do not
/// last. [`run`](crate::run) does that.
///
/// # Errors
///
/// The error that the connector exits with: the cause of the last failure when it gives up.
///
/// # Panics
///
/// When a callback panics, and when a delay is waited for outside a tokio runtime with its time
/// driver enabled.
///
/// # Cancel safety
///
/// Drop the future at any time: the attempt or the wait under way is dropped with it.
///
/// # Examples
///
/// ```
/// # use std::{convert::Infallible, time::Duration};
/// # use schmoozer_core::{connector_fn, establish};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Infallible> {
/// let mut connector = connector_fn(
///     async || Ok::<_, Infallible>("a connection"),
///     async |_| Ok(()),
///     [Duration::from_secs(1)],
/// );
/// assert_eq!(establish(&mut connector).await?, Some("a connection"));
/// # Ok(())
/// # }
/// ```
pub async fn establish<C: Connector>(connector: &mut C) -> Result<Option<C::Connection>, C::Error> {
    let mut attempt: u32 = 0;
    let mut first = true;
    loop {
        let began = Instant::now();
        let cause = match connector.connect().await {
            ConnResult::Connected(connection) => return Ok(Some(connection)),
            ConnResult::Reconnect(cause) => cause,
            ConnResult::Exit(result) => return result.map(|()| None),
        };
        attempt = attempt.saturating_add(1);
        let now = Instant::now();
        let failure = Failure {
            attempt,
            elapsed: now - began,
            at: Some(now),
            first: mem::take(&mut first),
            ..Failure::new(cause)
        };
        let delay = match connector.retry_delay(failure).await {
            RetryResult::After(delay) => delay,
            RetryResult::Exit(result) => return result.map(|()| None),
        };
        match delay {
            Duration::ZERO => yield_now().await,
            delay => sleep(delay).await,
        }
    }
}
