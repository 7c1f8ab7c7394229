use std::future::Future;
use std::mem;
use std::time::Duration;

use tokio::time::Instant;

#[cfg(feature = "tracing")]
use crate::Runner;
use crate::driven::Driven;
#[cfg(not(feature = "tracing"))]
use crate::driven::Plain;
use crate::yield_now::yield_now;
use crate::{ConnResult, Connector, Failure, RetryResult, RunResult};

/// Keeps `connector`'s connection alive until it says to exit: the loop, and nothing else.
///
/// Connects, runs the application on the connection, and when either fails asks the connector
/// whether and when to try again. It never gives up by itself, and allocates nothing. To get the
/// connector back, or to run it again, pass `&mut connector`.
///
/// # Errors
///
/// The error that the connector exits with. One that gives up hands back the cause of the last
/// failure, so that is what the caller sees.
///
/// # Panics
///
/// When a callback panics, and when a delay is waited for outside a tokio runtime with its time
/// driver enabled; with the feature `tracing` also when a connection is up.
///
/// # Cancel safety
///
/// Drop the future at any time to stop: the attempt, the connection or the wait under way is dropped
/// with it, and nothing is left behind. The connector remains usable if it was passed by `&mut`.
pub fn run<C: Connector>(connector: C) -> impl Future<Output = Result<(), C::Error>> + Send {
    #[cfg(not(feature = "tracing"))]
    return drive(Plain(connector));
    #[cfg(feature = "tracing")]
    return Runner::new(connector).run();
}

#[expect(
    clippy::manual_async_fn,
    reason = "an `async fn` holds the connector twice: as its argument and as its variable"
)]
pub(crate) fn drive<D: Driven>(
    mut connector: D,
) -> impl Future<Output = Result<(), D::Error>> + Send {
    async move {
        let mut attempt: u32 = 0;
        let mut first = true;
        let result = 'attempts: loop {
            let began = Instant::now();
            let (cause, connected) = 'attempt: {
                let connection = match connector.connect(began).await {
                    ConnResult::Connected(connection) => connection,
                    ConnResult::Reconnect(cause) => {
                        attempt = attempt.saturating_add(1);
                        break 'attempt (cause, None);
                    }
                    ConnResult::Exit(result) => break 'attempts result,
                };
                attempt = 0;
                let connected = Instant::now();
                match connector.run(connection, connected).await.into() {
                    Some(RunResult::Reconnect(cause)) => (cause, Some(connected)),
                    Some(RunResult::Exit(result)) => break 'attempts result,
                    None => {
                        first = true;
                        continue 'attempts;
                    }
                }
            };
            let decision = {
                let now = Instant::now();
                let mut failure = Failure {
                    cause,
                    attempt,
                    elapsed: now - began,
                    uptime: connected.map(|connected| now - connected),
                    first: mem::take(&mut first),
                    at: Some(now),
                };
                connector.failed(&mut failure, now);
                connector.retry_delay(failure)
            };
            let delay = match decision.await {
                RetryResult::After(delay) => delay,
                RetryResult::Exit(result) => break 'attempts result,
            };
            connector.waiting(delay);
            match delay {
                Duration::ZERO => yield_now().await,
                delay => connector.wait(delay).await,
            }
        };
        connector.stopped(&result);
        result
    }
}
