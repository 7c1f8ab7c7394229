use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use crate::judge::Judge;
use crate::session::{Session, Sessions};
use crate::yield_now::yield_now;
use crate::{ConnResult, Connector, RetryResult, RunResult};

/// Keeps `connector`'s connection alive until the connector says to exit.
///
/// Connects, runs the application on the connection, and when either fails asks the connector whether and when to
/// try again. The loop never gives up by itself. To get the connector back, pass `&mut connector`.
///
/// # Errors
///
/// Returns the error that the connector exits or gives up with: the last real one.
///
/// # Panics
///
/// Panics when one of the connector's methods panics, and outside a tokio runtime with its time driver enabled.
///
/// # Cancel safety
///
/// Drop the future at any time to stop: the attempt, connection or wait under way is dropped with it, and nothing
/// is left behind. A connector that was passed by `&mut` remains usable.
pub fn run<C: Connector>(connector: C) -> impl Future<Output = Result<(), C::Error>> + Send {
    #[cfg(not(feature = "tracing"))]
    return plain(connector);
    #[cfg(feature = "tracing")]
    return crate::Runner::new(connector).run();
}

/// The loop. [`full`](crate::full) is the same with the options of a [`Runner`](crate::Runner).
#[cfg_attr(
    feature = "tracing",
    expect(dead_code, reason = "logs need the full loop")
)]
#[expect(
    clippy::manual_async_fn,
    reason = "an `async fn` holds the connector twice: as its argument and as its variable"
)]
fn plain<C: Connector>(mut connector: C) -> impl Future<Output = Result<(), C::Error>> + Send {
    async move {
        // Without a timer this panics here, and not in the first outage.
        drop(sleep(Duration::ZERO));
        let lifecycle = connector.lifecycle();
        let mut judge = Judge::new(lifecycle);
        let mut sessions = Sessions::new(lifecycle);
        loop {
            judge.begin();
            let delay = 'ended: {
                let failure = match connector.connect().await {
                    ConnResult::Connected(connection) => {
                        let connected = Instant::now();
                        let session = sessions.open(judge.ready(connected));
                        let handler = connector.run(connection, session.clone());
                        let result = until_over(pin!(handler), &session).await;
                        let renewed = matches!(result, Some(RunResult::Renew));
                        let facts = session.close(renewed);
                        match result {
                            Some(RunResult::Exit(result)) => return result,
                            Some(RunResult::Reconnect(cause)) if facts.ending.is_none() => {
                                judge.lost(cause, connected, &facts)
                            }
                            _ => break 'ended judge.renewal(&facts, connector.holds_connection()),
                        }
                    }
                    ConnResult::Reconnect(cause) => judge.failed(cause),
                    ConnResult::Exit(result) => return result,
                };
                match connector.retry_delay(failure).await {
                    RetryResult::After(delay) => delay,
                    RetryResult::GiveUp(cause) => return Err(cause),
                    RetryResult::Exit(result) => return result,
                }
            };
            // Other tasks run also where there is nothing to wait for.
            match judge.at_least(delay, Instant::now) {
                Duration::ZERO => yield_now().await,
                delay => sleep(delay).await,
            }
        }
    }
}

/// Runs a handler until it returns; one that was told to end, at most until its grace is over.
fn until_over<F: Future>(
    mut handler: Pin<&mut F>,
    session: &Session,
) -> impl Future<Output = Option<F::Output>> {
    // On the heap: few connections are renewed, and all would have to hold the timer.
    let mut grace: Option<Pin<Box<Sleep>>> = None;
    poll_fn(move |cx| {
        session.listen(cx);
        if let Poll::Ready(result) = handler.as_mut().poll(cx) {
            return Poll::Ready(Some(result));
        }
        if session.polled() {
            return Poll::Pending;
        }
        let grace = grace.get_or_insert_with(|| Box::pin(sleep(session.facts().grace(None))));
        grace.as_mut().poll(cx).map(|()| None)
    })
}
