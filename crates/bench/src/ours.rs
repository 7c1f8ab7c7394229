//! Our loops.

use std::future::pending;
use std::hint::black_box;
use std::time::Duration;

use schmoozer_backoff::Constant;
use schmoozer_core::{
    ConnResult, Connector, Delays, Event, Failure, Observer, Pacer, RetryResult, RunResult, Runner,
};

use crate::attempt::{Refused, attempt};

pub(crate) async fn run<const SUSPENDS: bool>() {
    let link = Link::<SUSPENDS, 0> { failed: 0 };
    black_box(schmoozer_core::run(link).await.is_ok());
}

pub(crate) async fn establish<const SUSPENDS: bool>() {
    let mut link = Link::<SUSPENDS, 1> { failed: 0 };
    black_box(schmoozer_core::establish(&mut link).await.is_ok());
}

/// The loop with delays from a policy of zeros, as `connector_fn` and `TcpConnector` have it.
pub(crate) async fn with_delays<const SUSPENDS: bool>() {
    let delays = Delays::new(Constant::new(Duration::ZERO)).at_least(Duration::ZERO);
    let link = Delayed::<SUSPENDS> { delays };
    black_box(schmoozer_core::run(link).await.is_ok());
}

/// A runner without options.
pub(crate) async fn runner<const SUSPENDS: bool>() {
    let runner = Runner::new(Link::<SUSPENDS, 2> { failed: 0 });
    black_box(runner.run().await.is_ok());
}

pub(crate) async fn with_shutdown<const SUSPENDS: bool>() {
    let runner = Runner::new(Link::<SUSPENDS, 3> { failed: 0 }).shutdown(pending::<()>());
    black_box(runner.run().await.is_ok());
}

/// With a pacer that never holds an attempt up.
pub(crate) async fn with_pacer<const SUSPENDS: bool>() {
    let pacer = Pacer::every(Duration::from_nanos(1), u32::MAX);
    let runner = Runner::new(Link::<SUSPENDS, 4> { failed: 0 }).pacer(pacer);
    black_box(runner.run().await.is_ok());
}

/// With a limit that no attempt reaches.
pub(crate) async fn with_connect_timeout<const SUSPENDS: bool>() {
    let limit = Duration::from_secs(10);
    let runner = Runner::new(Link::<SUSPENDS, 5> { failed: 0 }).connect_timeout(limit);
    black_box(runner.run().await.is_ok());
}

/// The loop by hand, and a pacer that never holds an attempt up.
pub(crate) async fn flat_with_a_pacer<const SUSPENDS: bool>() {
    let pacer = Pacer::every(Duration::from_nanos(1), u32::MAX);
    pacer.admit().await;
    while let Err(cause) = attempt::<SUSPENDS>().await {
        black_box(cause);
        pacer.admit().await;
    }
}

/// With the metrics, and no recorder installed.
#[cfg(feature = "peers")]
pub(crate) async fn with_metrics<const SUSPENDS: bool>() {
    let metrics = schmoozer_core::Metrics::new("target");
    let runner = Runner::new(Link::<SUSPENDS, 6> { failed: 0 }).observer(metrics);
    black_box(runner.run().await.is_ok());
}

/// With an observer that counts, and does without the text of causes.
pub(crate) async fn with_observer<const SUSPENDS: bool>() {
    let runner = Runner::new(Link::<SUSPENDS, 7> { failed: 0 }).observer(Counts(0));
    black_box(runner.run().await.is_ok());
}

/// With an observer that is a closure, for which each cause is written down.
pub(crate) async fn with_closure<const SUSPENDS: bool>() {
    let mut events = 0_u64;
    let observer = |_: &Event<'_>| events += 1;
    let runner = Runner::new(Link::<SUSPENDS, 8> { failed: 0 }).observer(observer);
    black_box(runner.run().await.is_ok());
    black_box(events);
}

pub(crate) async fn with_handle<const SUSPENDS: bool>() {
    let runner = Runner::new(Link::<SUSPENDS, 9> { failed: 0 });
    let handle = runner.handle();
    black_box(runner.run().await.is_ok());
    black_box(handle.stats());
}

/// With a handle, and a subscriber of its status that looks at the end.
pub(crate) async fn with_watch<const SUSPENDS: bool>() {
    let runner = Runner::new(Link::<SUSPENDS, 10> { failed: 0 });
    let watch = runner.handle().watch();
    black_box(runner.run().await.is_ok());
    black_box(watch.has_changed().is_ok());
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
struct Link<const SUSPENDS: bool, const LOOP: u8> {
    failed: u32,
}

impl<const SUSPENDS: bool, const LOOP: u8> Connector for Link<SUSPENDS, LOOP> {
    type Connection = ();
    type Error = Refused;

    async fn connect(&mut self) -> ConnResult<(), Refused> {
        match attempt::<SUSPENDS>().await {
            // The last attempt: what a connection costs is no part of an attempt.
            Ok(()) => ConnResult::Exit(Ok(())),
            Err(cause) => ConnResult::Reconnect(cause),
        }
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
        match attempt::<SUSPENDS>().await {
            // The last attempt: what a connection costs is no part of an attempt.
            Ok(()) => ConnResult::Exit(Ok(())),
            Err(cause) => ConnResult::Reconnect(cause),
        }
    }

    async fn run(&mut self, (): ()) -> RunResult<Refused> {
        RunResult::Exit(Ok(()))
    }

    async fn retry_delay(&mut self, failure: Failure<Refused>) -> RetryResult<Refused> {
        self.delays.on_failure(failure)
    }
}
