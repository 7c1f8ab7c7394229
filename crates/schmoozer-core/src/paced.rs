use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::driven::{Driven, Layer};
use crate::{ConnResult, Failure, Health, Pacer, RetryResult};

/// Begins no attempt before its pacer lets it.
pub(crate) struct Paced<D> {
    driven: D,
    pacer: Pacer,
    /// How long the pacer held the attempt up: no time of the connector's.
    held_up: Duration,
}

impl<E> Layer<E> for Pacer {
    type Around<D: Driven<Error = E>> = Paced<D>;

    fn around<D: Driven<Error = E>>(self, driven: D) -> Paced<D> {
        Paced {
            driven,
            pacer: self,
            held_up: Duration::ZERO,
        }
    }
}

impl<D: Driven> Driven for Paced<D> {
    type Connection = D::Connection;
    type Error = D::Error;
    type Ended = D::Ended;

    async fn connect(&mut self, began: Instant) -> ConnResult<D::Connection, D::Error> {
        let admitted = self.pacer.admit_from(began).await;
        self.held_up = admitted - began;
        self.driven.connect(admitted).await
    }

    fn run(
        &mut self,
        connection: D::Connection,
        since: Instant,
    ) -> impl Future<Output = D::Ended> + Send {
        self.driven.run(connection, since)
    }

    fn failed(&mut self, failure: &mut Failure<D::Error>, now: Instant) {
        failure.elapsed = failure.elapsed.saturating_sub(self.held_up);
        self.driven.failed(failure, now);
    }

    fn retry_delay(
        &mut self,
        failure: Failure<D::Error>,
    ) -> impl Future<Output = RetryResult<D::Error>> + Send {
        self.driven.retry_delay(failure)
    }

    fn waiting(&mut self, delay: Duration) {
        self.driven.waiting(delay);
    }

    fn wait(&mut self, delay: Duration) -> impl Future<Output = ()> + Send {
        self.driven.wait(delay)
    }

    fn health(&self) -> Health {
        self.driven.health()
    }

    fn reconnecting(&mut self) {
        self.driven.reconnecting();
    }

    fn stopped(&mut self, result: &Result<(), D::Error>) {
        self.driven.stopped(result);
    }
}
