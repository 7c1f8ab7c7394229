//! The loops of the peers, each told not to wait where it can be told.

use std::future::ready;
use std::hint::black_box;
use std::time::Duration;

use backon::Retryable as _;
use schmoozer_peer::async_trait;

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
