//! The loops of the peers, each told not to wait where it can be told.

use std::future::{Ready, ready};
use std::hint::black_box;
use std::iter::repeat;
use std::time::Duration;

use backon::Retryable as _;
use schmoozer_peer::async_trait;
use tower::{Service as _, service_fn};

use crate::attempt::{Refused, attempt};

pub(crate) async fn schmoozer<const SUSPENDS: bool>() {
    black_box(schmoozer_peer::run(Link::<SUSPENDS>).await.is_ok());
}

struct Link<const SUSPENDS: bool>;

#[async_trait]
impl<const SUSPENDS: bool> schmoozer_peer::Connector for Link<SUSPENDS> {
    type ConnType = ();
    type Error = Refused;

    async fn connect(&mut self) -> schmoozer_peer::ConnResult<(), Refused> {
        match attempt::<SUSPENDS>().await {
            Ok(()) => schmoozer_peer::ConnResult::Connected(()),
            Err(cause) => {
                black_box(cause);
                schmoozer_peer::ConnResult::Reconnect
            }
        }
    }

    async fn retry_delay(&mut self) -> schmoozer_peer::RunResult<Refused> {
        schmoozer_peer::RunResult::Reconnect
    }

    async fn run(&mut self, (): ()) -> schmoozer_peer::RunResult<Refused> {
        schmoozer_peer::RunResult::Exit(Ok(()))
    }
}

pub(crate) async fn backon<const SUSPENDS: bool>() {
    let policy = backon::ConstantBuilder::default()
        .with_delay(Duration::ZERO)
        .without_max_times();
    let retried = attempt::<SUSPENDS>.retry(policy).sleep(|_| ready(()));
    black_box(retried.await.is_ok());
}

pub(crate) async fn backoff<const SUSPENDS: bool>() {
    let retried = backoff::future::Retry::new(
        NoSleep,
        backoff::backoff::Zero {},
        |cause, _| {
            black_box::<Refused>(cause);
        },
        || async {
            attempt::<SUSPENDS>()
                .await
                .map_err(backoff::Error::transient)
        },
    );
    black_box(retried.await.is_ok());
}

struct NoSleep;

impl backoff::future::Sleeper for NoSleep {
    type Sleep = Ready<()>;

    fn sleep(&self, _: Duration) -> Ready<()> {
        ready(())
    }
}

pub(crate) async fn tower<const SUSPENDS: bool>() {
    let service = service_fn(|()| attempt::<SUSPENDS>());
    let mut retry = tower::retry::Retry::new(Always, service);
    black_box(retry.call(()).await.is_ok());
}

#[derive(Clone)]
struct Always;

impl tower::retry::Policy<(), (), Refused> for Always {
    type Future = Ready<()>;

    fn retry(&mut self, (): &mut (), result: &mut Result<(), Refused>) -> Option<Ready<()>> {
        result.is_err().then(|| ready(()))
    }

    fn clone_request(&mut self, (): &()) -> Option<()> {
        Some(())
    }
}

pub(crate) async fn tokio_retry<const SUSPENDS: bool>() {
    let retried = tokio_retry::Retry::start(repeat(Duration::ZERO), attempt::<SUSPENDS>);
    black_box(retried.await.is_ok());
}

pub(crate) async fn tokio_retry2<const SUSPENDS: bool>() {
    let retried = tokio_retry2::Retry::spawn(repeat(Duration::ZERO), || async {
        attempt::<SUSPENDS>()
            .await
            .map_err(tokio_retry2::RetryError::transient)
    });
    black_box(retried.await.is_ok());
}
