//! Our loops.

use std::future::pending;
use std::hint::black_box;
use std::time::Duration;

use schmoozer_backoff::Constant;
use schmoozer_core::{
    ConnResult, Connector, Event, Failure, InvalidPacer, Lifecycle, Observer, Pacer, Retry,
    RetryResult, RunResult, Runner, Session,
};
use tokio::sync::watch;

use crate::attempt::{Refused, attempt};

const AT_ONCE: Constant = Constant::new(Duration::ZERO);

pub(crate) async fn run<const SUSPENDS: bool>() {
    let link = link::<SUSPENDS, 0>();
    black_box(schmoozer_core::run(link).await.is_ok());
}

/// The loop with delays from a policy of zeros, as `connector_fn` and `TcpConnector` have it.
pub(crate) async fn with_retry<const SUSPENDS: bool>() {
    let mut retry = Retry::new(AT_ONCE);
    let decide = move |failure| retry.on_failure(failure);
    let link = Link::<SUSPENDS, 5, _> { decide };
    black_box(schmoozer_core::run(link).await.is_ok());
}

/// A plain operation, without a connector.
pub(crate) async fn retry<const SUSPENDS: bool>() {
    let retried = schmoozer_core::retry(AT_ONCE, attempt::<SUSPENDS>);
    black_box(retried.await.is_ok());
}

/// The full loop without options.
pub(crate) async fn runner<const SUSPENDS: bool>() {
    let runner = Runner::new(link::<SUSPENDS, 1>());
    black_box(runner.run().await.is_ok());
}

/// With an observer that counts, and does without the texts of causes.
pub(crate) async fn with_observer<const SUSPENDS: bool>() {
    let runner = Runner::new(link::<SUSPENDS, 2>()).observer(Counts(0));
    black_box(runner.run().await.is_ok());
}

/// With a handle, for which each cause is written down.
pub(crate) async fn with_handle<const SUSPENDS: bool>() {
    let runner = Runner::new(link::<SUSPENDS, 3>());
    let handle = runner.handle();
    black_box(runner.run().await.is_ok());
    black_box(handle.stats());
}

/// With every option that an attempt may meet.
pub(crate) async fn with_options<const SUSPENDS: bool>() {
    let Ok(pacer) = Pacer::every(Duration::from_nanos(1), u32::MAX) else {
        return;
    };
    let (_network, online) = watch::channel(true);
    let runner = Runner::new(link::<SUSPENDS, 4>())
        .shutdown(pending::<()>())
        .connect_timeout_with(Duration::from_secs(60), || Refused(110))
        .pacer(pacer)
        .while_online(online)
        .observer(Counts(0));
    black_box(runner.run().await.is_ok());
}

/// The loop by hand, and a pacer that never holds an attempt up.
pub(crate) async fn flat_with_a_pacer<const SUSPENDS: bool>() {
    black_box(paced::<SUSPENDS>().await.is_ok());
}

async fn paced<const SUSPENDS: bool>() -> Result<(), InvalidPacer> {
    let pacer = Pacer::every(Duration::from_nanos(1), u32::MAX)?;
    pacer.admit().await;
    while let Err(cause) = attempt::<SUSPENDS>().await {
        black_box(cause);
        pacer.admit().await;
    }
    Ok(())
}

struct Counts(u64);

impl Observer for Counts {
    fn on_event(&mut self, _: &Event<'_>) {
        self.0 = black_box(self.0 + 1);
    }

    fn enabled(&self) -> bool {
        false
    }
}

/// Each loop has a type of its own, as in a program: one that several share is inlined into none.
struct Link<const SUSPENDS: bool, const LOOP: u8, D> {
    decide: D,
}

/// A connector that decides on no delay by hand.
fn link<const SUSPENDS: bool, const LOOP: u8>()
-> Link<SUSPENDS, LOOP, impl FnMut(Failure<Refused>) -> RetryResult<Refused> + Send> {
    let mut failed = 0_u32;
    let decide = move |failure: Failure<Refused>| {
        black_box(failure.cause);
        failed = failed.saturating_add(1);
        RetryResult::After(black_box(Duration::ZERO))
    };
    Link { decide }
}

impl<const SUSPENDS: bool, const LOOP: u8, D> Connector for Link<SUSPENDS, LOOP, D>
where
    D: FnMut(Failure<Refused>) -> RetryResult<Refused> + Send,
{
    type Connection = ();
    type Error = Refused;

    async fn connect(&mut self) -> ConnResult<(), Refused> {
        match attempt::<SUSPENDS>().await {
            // The last attempt: what a connection costs is no part of an attempt.
            Ok(()) => ConnResult::Exit(Ok(())),
            Err(cause) => ConnResult::Reconnect(cause),
        }
    }

    async fn run(&mut self, (): (), _: Session) -> RunResult<Refused> {
        RunResult::Exit(Ok(()))
    }

    async fn retry_delay(&mut self, failure: Failure<Refused>) -> RetryResult<Refused> {
        (self.decide)(failure)
    }

    fn lifecycle(&self) -> Lifecycle {
        Lifecycle::new().min_interval(Duration::ZERO)
    }
}
