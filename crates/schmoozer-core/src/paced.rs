use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::driven::{Driven, Layer, hand_on};
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

    hand_on!(
        run,
        retry_delay,
        waiting,
        wait,
        health,
        reconnecting,
        stopped
    );

    async fn connect(&mut self, began: Instant) -> ConnResult<D::Connection, D::Error> {
        let admitted = self.pacer.admit_from(began).await;
        self.held_up = admitted - began;
        self.driven.connect(admitted).await
    }

    fn failed(&mut self, failure: &mut Failure<D::Error>, now: Instant) {
        failure.elapsed = failure.elapsed.saturating_sub(self.held_up);
        self.driven.failed(failure, now);
    }
}
