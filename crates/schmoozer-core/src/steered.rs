use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::control::Control;
use crate::driven::{Driven, Layer, hand_on};
use crate::steering::{Interrupt, Steering};
use crate::yield_now::yield_now;
use crate::{ConnResult, Failure, Health, RetryResult, RunResult};

/// Stops, reconnects, and cuts waits short when that is asked for.
pub(crate) struct Steered<'a, D> {
    driven: D,
    steering: Steering<'a>,
}

impl<'a, E> Layer<E> for Steering<'a> {
    type Around<D: Driven<Error = E>> = Steered<'a, D>;

    fn around<D: Driven<Error = E>>(self, driven: D) -> Steered<'a, D> {
        Steered {
            driven,
            steering: self,
        }
    }
}

impl<D: Driven> Driven for Steered<'_, D> {
    type Connection = D::Connection;
    type Error = D::Error;
    type Ended = Option<RunResult<D::Error>>;

    hand_on!(failed, health, reconnecting, stopped);

    async fn connect(&mut self, began: Instant) -> ConnResult<D::Connection, D::Error> {
        let Self { driven, steering } = self;
        // Not begun when the loop shall stop.
        let connect = pin!(async { driven.connect(began).await });
        let connected = steering.unless_interrupted(connect, |_, _| false).await;
        connected.unwrap_or(ConnResult::Exit(Ok(())))
    }

    async fn run(
        &mut self,
        connection: D::Connection,
        since: Instant,
    ) -> Option<RunResult<D::Error>> {
        let Self { driven, steering } = self;
        steering.begin();
        let ended = {
            let mut run = pin!(driven.run(connection, since));
            let ended = steering
                .unless_interrupted(run.as_mut(), Control::reconnect_since)
                .await;
            match ended {
                Err(Interrupt::Stop) if !steering.grace.is_zero() => timeout(steering.grace, run)
                    .await
                    .map_err(|_| Interrupt::Stop),
                ended => ended,
            }
        };
        match ended.map(Into::into) {
            // It was to end: what it would reconnect for no longer matters.
            Ok(Some(RunResult::Reconnect(_))) if steering.stopping() => {
                Some(RunResult::Exit(Ok(())))
            }
            Ok(ended) => ended,
            Err(Interrupt::Stop) => Some(RunResult::Exit(Ok(()))),
            Err(Interrupt::Asked) => {
                driven.reconnecting();
                // As after a zero delay: no request starves other tasks.
                yield_now().await;
                None
            }
        }
    }

    async fn retry_delay(&mut self, failure: Failure<D::Error>) -> RetryResult<D::Error> {
        let decision = pin!(self.driven.retry_delay(failure));
        let decided = self
            .steering
            .unless_interrupted(decision, |_, _| false)
            .await;
        decided.unwrap_or(RetryResult::Exit(Ok(())))
    }

    fn waiting(&mut self, delay: Duration) {
        self.steering.begin();
        self.driven.waiting(delay);
    }

    /// Ends early on request; one to stop is seen again by the `connect` that follows.
    async fn wait(&mut self, delay: Duration) {
        let interrupted = {
            let waiting = pin!(self.driven.wait(delay));
            self.steering
                .unless_interrupted(waiting, Control::retry_since)
                .await
        };
        if interrupted.is_err() {
            // As above.
            yield_now().await;
        }
    }
}
