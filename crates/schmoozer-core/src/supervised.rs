//! The options of a [`Runner`](crate::Runner), laid around a connector: the loop that drives it stays
//! the same.

use std::fmt::{self, Display};
use std::mem;
use std::pin::pin;
use std::time::Duration;

use crate::connect_timeout::Limit;
use crate::observed::Watch;
use crate::pacer::Pace;
use crate::steering::{Ended, Steer};
use crate::{ConnResult, Connector, Failure, RetryResult, RunResult};

/// A connector that is limited (`L`), paced (`P`), watched (`W`) and steered (`S`). What is `()` costs
/// nothing.
pub(crate) struct Supervised<C, L, P, W, S> {
    connector: C,
    limit: L,
    pacer: P,
    watch: W,
    steer: S,
    /// How long the pacer held the attempt up: no time of the connector's.
    paced: Duration,
    /// A reconnect was asked for since the last failure.
    afresh: bool,
}

impl<C: Connector, L, P, W: Watch, S> Supervised<C, L, P, W, S> {
    pub(crate) fn new(connector: C, limit: L, pacer: P, watch: W, steer: S) -> Self {
        Self {
            connector,
            limit,
            pacer,
            watch,
            steer,
            paced: Duration::ZERO,
            afresh: false,
        }
    }

    /// Tells that the loop has ended with `result`, and hands that on.
    pub(crate) fn stopped(mut self, result: Result<(), Reason<C::Error>>) -> Result<(), C::Error> {
        let result = match result {
            Err(Reason::Cause(cause)) => Err(cause),
            Ok(()) | Err(Reason::ReconnectAsked) => Ok(()),
        };
        let error = result.as_ref().err().map(|error| error as &dyn Display);
        self.watch.stopped(error);
        result
    }
}

/// Why a supervised connector reconnects.
#[derive(Debug)]
pub(crate) enum Reason<E> {
    Cause(E),
    ReconnectAsked,
}

impl<E: Display> Display for Reason<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cause(cause) => cause.fmt(f),
            Self::ReconnectAsked => f.write_str("a reconnect was asked for"),
        }
    }
}

impl<C, L, P, W, S> Connector for Supervised<C, L, P, W, S>
where
    C: Connector,
    L: Limit<C::Error>,
    P: Pace,
    W: Watch,
    S: Steer,
{
    type Connection = C::Connection;
    type Error = Reason<C::Error>;

    async fn connect(&mut self) -> ConnResult<C::Connection, Self::Error> {
        let Self {
            connector,
            limit,
            pacer,
            watch,
            steer,
            paced,
            ..
        } = self;
        let connected = {
            let step = pin!(async {
                *paced = pacer.pace().await;
                watch.connecting();
                limit.limit(pin!(connector.connect())).await
            });
            steer.step(step).await
        };
        match connected {
            Some(ConnResult::Connected(connection)) => {
                steer.begin();
                watch.connected(connector);
                ConnResult::Connected(connection)
            }
            Some(ConnResult::Reconnect(cause)) => ConnResult::Reconnect(Reason::Cause(cause)),
            Some(ConnResult::Exit(result)) => ConnResult::Exit(result.map_err(Reason::Cause)),
            None => ConnResult::Exit(Ok(())),
        }
    }

    async fn run(&mut self, connection: C::Connection) -> RunResult<Self::Error> {
        let Self {
            connector,
            watch,
            steer,
            ..
        } = self;
        let ended = {
            let run = pin!(connector.run(connection));
            let watched = pin!(watch.run(run));
            steer.connection(watched).await
        };
        match ended {
            Ended::Itself(RunResult::Reconnect(cause)) => {
                RunResult::Reconnect(Reason::Cause(cause))
            }
            Ended::Itself(RunResult::Exit(result))
            | Ended::Stopping(Some(RunResult::Exit(result))) => {
                RunResult::Exit(result.map_err(Reason::Cause))
            }
            Ended::Stopping(_) => RunResult::Exit(Ok(())),
            Ended::ReconnectAsked => RunResult::Reconnect(Reason::ReconnectAsked),
        }
    }

    async fn retry_delay(&mut self, failure: Failure<Self::Error>) -> RetryResult<Self::Error> {
        let Some(mut failure) = failure.filter_map(Reason::into_cause) else {
            self.afresh = true;
            self.watch.reconnecting();
            return RetryResult::After(Duration::ZERO);
        };
        failure.first |= mem::take(&mut self.afresh);
        failure.elapsed = failure.elapsed.saturating_sub(self.paced);
        self.watch.failed(&failure);
        let decision = pin!(self.connector.retry_delay(failure));
        match self.steer.step(decision).await {
            Some(RetryResult::After(delay)) => {
                self.steer.begin();
                self.watch.waiting(delay);
                match self.steer.wait(delay).await {
                    Some(left) => RetryResult::After(left),
                    None => RetryResult::Exit(Ok(())),
                }
            }
            Some(RetryResult::Exit(result)) => RetryResult::Exit(result.map_err(Reason::Cause)),
            None => RetryResult::Exit(Ok(())),
        }
    }
}

impl<E> Reason<E> {
    fn into_cause(self) -> Option<E> {
        match self {
            Self::Cause(cause) => Some(cause),
            Self::ReconnectAsked => None,
        }
    }
}
