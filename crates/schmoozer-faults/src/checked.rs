use std::fmt::Display;
use std::time::Duration;

use schmoozer_core::{
    ConnResult, Connector, Failure, Lifecycle, RetryResult, RunResult, Session, Why,
};
use tokio::time::Instant;

use crate::Checker;
use crate::order::{Decision, Phase, ensure};

/// A connector whose calls and decisions a [`Checker`] compares with the events: made by [`Checker::connector`].
#[derive(Debug)]
pub struct Checked<C> {
    pub(crate) connector: C,
    pub(crate) checker: Checker,
}

impl<C: Connector> Connector for Checked<C> {
    type Connection = C::Connection;
    type Error = C::Error;

    async fn connect(&mut self) -> ConnResult<C::Connection, C::Error> {
        self.checker
            .ensure(|order| ensure(order.phase == Phase::Connecting, "connect was not told"));
        self.connector.connect().await
    }

    async fn run(&mut self, connection: C::Connection, session: Session) -> RunResult<C::Error> {
        let id = session.id();
        self.checker.ensure(|order| {
            let up = order.phase == Phase::Up;
            ensure(up, "a connection was not told")?;
            let told = order.life.is_some_and(|life| life.id == id);
            ensure(told, "the session's number")
        });
        self.connector.run(connection, session).await
    }

    async fn retry_delay(&mut self, failure: Failure<C::Error>) -> RetryResult<C::Error> {
        self.compare(&failure);
        let result = self.connector.retry_delay(failure).await;
        let decision = match &result {
            RetryResult::After(delay) => Decision::After(*delay),
            RetryResult::GiveUp(_) => Decision::Ends(Why::GaveUp),
            RetryResult::Exit(Ok(())) => Decision::Ends(Why::Exit),
            RetryResult::Exit(Err(_)) => Decision::Ends(Why::Final),
        };
        self.checker.ensure(|order| {
            order.decided = Some(decision);
            Ok(())
        });
        result
    }

    fn display_target(&self) -> Option<String> {
        self.connector.display_target()
    }

    fn lifecycle(&self) -> Lifecycle {
        self.connector.lifecycle()
    }

    fn holds_connection(&self) -> bool {
        self.connector.holds_connection()
    }
}

impl<C> Checked<C> {
    /// What the policy receives must be what observers were told.
    fn compare<E: Display>(&self, failure: &Failure<E>) {
        self.checker.ensure(|order| {
            ensure(order.phase == Phase::Failed, "a failure was not told")?;
            let outage = order.outage.as_ref().ok_or("a failure without an outage")?;
            ensure(failure.attempt == outage.attempts, "the failure's attempt")?;
            // Not the time offline.
            ensure(failure.outage <= outage.length, "the failure's outage")?;
            if !order.held_up {
                let what = "the failure's outage";
                order.near(failure.outage, outage.length, what)?;
            }
            if let Some(began) = order.began {
                let elapsed = Instant::now() - began;
                order.near(failure.elapsed, elapsed, "the time it took")?;
            }
            let Some(uptime) = failure.uptime else {
                return ensure(!failure.stable, "stable without a connection");
            };
            let life = order.life.ok_or("the uptime of no connection")?;
            ensure(failure.stable == life.stable, "whether it was stable")?;
            let lived: Duration = life.since.elapsed();
            order.near(uptime, lived, "the failure's uptime")
        });
    }
}
