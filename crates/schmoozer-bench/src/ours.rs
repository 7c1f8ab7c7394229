//! Our loops.

use std::hint::black_box;
use std::time::Duration;

use schmoozer_backoff::Constant;
use schmoozer_core::{ConnResult, Connector, Delays, Failure, RetryResult, RunResult};

use crate::attempt::{Refused, attempt};

pub(crate) async fn run<const SUSPENDS: bool>() {
    let link = Link::<SUSPENDS> { failed: 0 };
    black_box(schmoozer_core::run(link).await.is_ok());
}

pub(crate) async fn establish<const SUSPENDS: bool>() {
    let mut link = Link::<SUSPENDS> { failed: 0 };
    black_box(schmoozer_core::establish(&mut link).await.is_ok());
}

/// The loop with delays from a policy of zeros, as `connector_fn` and `TcpConnector` have it.
pub(crate) async fn with_delays<const SUSPENDS: bool>() {
    let delays = Delays::new(Constant::new(Duration::ZERO)).at_least(Duration::ZERO);
    let link = Delayed::<SUSPENDS> { delays };
    black_box(schmoozer_core::run(link).await.is_ok());
}

struct Link<const SUSPENDS: bool> {
    failed: u32,
}

impl<const SUSPENDS: bool> Connector for Link<SUSPENDS> {
    type Connection = ();
    type Error = Refused;

    async fn connect(&mut self) -> ConnResult<(), Refused> {
        connect::<SUSPENDS>().await
    }

    async fn run(&mut self, (): ()) -> RunResult<Refused> {
        RunResult::Exit(Ok(()))
    }

    async fn retry_delay(&mut self, failure: Failure<Refused>) -> RetryResult<Refused> {
        black_box(failure.cause);
        self.failed = self.failed.saturating_add(1);
        RetryResult::After(black_box(Duration::ZERO))
    }
}

struct Delayed<const SUSPENDS: bool> {
    delays: Delays<Constant>,
}

impl<const SUSPENDS: bool> Connector for Delayed<SUSPENDS> {
    type Connection = ();
    type Error = Refused;

    async fn connect(&mut self) -> ConnResult<(), Refused> {
        connect::<SUSPENDS>().await
    }

    async fn run(&mut self, (): ()) -> RunResult<Refused> {
        RunResult::Exit(Ok(()))
    }

    async fn retry_delay(&mut self, failure: Failure<Refused>) -> RetryResult<Refused> {
        self.delays.on_failure(failure)
    }
}

async fn connect<const SUSPENDS: bool>() -> ConnResult<(), Refused> {
    match attempt::<SUSPENDS>().await {
        Ok(()) => ConnResult::Connected(()),
        Err(cause) => ConnResult::Reconnect(cause),
    }
}
