//! What the loop drives: a connector, with the options of a [`Runner`](crate::Runner) laid around it.

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{ConnResult, Connector, Failure, Health, RetryResult, RunResult};

/// The steps of the loop, and what it tells between them. It reads the clock for all.
///
/// Each option is a type that holds another `Driven`, and does its part before or after the same step of
/// it. So the loop knows none of them, and who sets none pays for none.
pub(crate) trait Driven: Send {
    type Connection: Send;
    type Error: Display + Send;
    /// How a connection's `run` ended; no `RunResult` when it was dropped for a new one.
    type Ended: Into<Option<RunResult<Self::Error>>> + Send;

    /// Makes the attempt that began at `began`.
    fn connect(
        &mut self,
        began: Instant,
    ) -> impl Future<Output = ConnResult<Self::Connection, Self::Error>> + Send;

    /// Runs a connection that came up at `since`.
    fn run(
        &mut self,
        connection: Self::Connection,
        since: Instant,
    ) -> impl Future<Output = Self::Ended> + Send;

    /// Tells of a failure that was found at `now`.
    fn failed(&mut self, failure: &mut Failure<Self::Error>, now: Instant);

    fn retry_delay(
        &mut self,
        failure: Failure<Self::Error>,
    ) -> impl Future<Output = RetryResult<Self::Error>> + Send;

    /// Tells that the next attempt comes after `delay`.
    fn waiting(&mut self, delay: Duration);

    /// Waits for a `delay` that is not zero.
    fn wait(&mut self, delay: Duration) -> impl Future<Output = ()> + Send;

    /// When the connection that is up counts as good.
    fn health(&self) -> Health;

    /// Tells that the connection was dropped for a new one.
    fn reconnecting(&mut self);

    /// Tells that the loop ends with `result`.
    fn stopped(&mut self, result: &Result<(), Self::Error>);
}

/// Hands these steps of a [`Driven`] on to the one inside, `self.driven` of type `D`, as they are.
macro_rules! hand_on {
    ($($step:ident),+) => { $(hand_on! { @$step })+ };
    (@run) => {
        fn run(
            &mut self,
            connection: D::Connection,
            since: Instant,
        ) -> impl Future<Output = D::Ended> + Send {
            self.driven.run(connection, since)
        }
    };
    (@failed) => {
        fn failed(&mut self, failure: &mut Failure<D::Error>, now: Instant) {
            self.driven.failed(failure, now);
        }
    };
    (@retry_delay) => {
        fn retry_delay(
            &mut self,
            failure: Failure<D::Error>,
        ) -> impl Future<Output = RetryResult<D::Error>> + Send {
            self.driven.retry_delay(failure)
        }
    };
    (@waiting) => {
        fn waiting(&mut self, delay: Duration) {
            self.driven.waiting(delay);
        }
    };
    (@wait) => {
        fn wait(&mut self, delay: Duration) -> impl Future<Output = ()> + Send {
            self.driven.wait(delay)
        }
    };
    (@health) => {
        fn health(&self) -> Health {
            self.driven.health()
        }
    };
    (@reconnecting) => {
        fn reconnecting(&mut self) {
            self.driven.reconnecting();
        }
    };
    (@stopped) => {
        fn stopped(&mut self, result: &Result<(), D::Error>) {
            self.driven.stopped(result);
        }
    };
}
pub(crate) use hand_on;

/// A connector with nothing laid around it.
pub(crate) struct Plain<C>(pub(crate) C);

impl<C: Connector> Driven for Plain<C> {
    type Connection = C::Connection;
    type Error = C::Error;
    type Ended = RunResult<C::Error>;

    fn connect(
        &mut self,
        _: Instant,
    ) -> impl Future<Output = ConnResult<C::Connection, C::Error>> + Send {
        self.0.connect()
    }

    fn run(
        &mut self,
        connection: C::Connection,
        _: Instant,
    ) -> impl Future<Output = RunResult<C::Error>> + Send {
        self.0.run(connection)
    }

    fn failed(&mut self, _: &mut Failure<C::Error>, _: Instant) {}

    fn retry_delay(
        &mut self,
        failure: Failure<C::Error>,
    ) -> impl Future<Output = RetryResult<C::Error>> + Send {
        self.0.retry_delay(failure)
    }

    fn waiting(&mut self, _: Duration) {}

    fn wait(&mut self, delay: Duration) -> impl Future<Output = ()> + Send {
        sleep(delay)
    }

    fn health(&self) -> Health {
        self.0.health()
    }

    fn reconnecting(&mut self) {}

    fn stopped(&mut self, _: &Result<(), C::Error>) {}
}

/// An option of a [`Runner`](crate::Runner): what it lays around a connector whose error is `E`.
pub(crate) trait Layer<E>: Send {
    type Around<D: Driven<Error = E>>: Driven<Connection = D::Connection, Error = E>;

    fn around<D: Driven<Error = E>>(self, driven: D) -> Self::Around<D>;
}

/// An option that is not set.
impl<E> Layer<E> for () {
    type Around<D: Driven<Error = E>> = D;

    fn around<D: Driven<Error = E>>(self, driven: D) -> D {
        driven
    }
}
