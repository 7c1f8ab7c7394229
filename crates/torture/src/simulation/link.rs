use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use schmoozer_backoff::Exponential;
use schmoozer_core::{
    ConnResult, Connector, Failure, Lifecycle, Retry, RetryResult, RunResult, Session,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};
use turmoil::net::TcpStream;

use super::client::STABLE_AFTER;
use super::monitor::{Live, Monitor};
use super::server::PORT;

/// A client of the server, over turmoil's streams: asks now and then, and leaves when no answer comes.
pub(crate) struct Link {
    retry: Retry<Exponential>,
    policy: Exponential,
    /// What the policy has left in this outage.
    rest: <Exponential as IntoIterator>::IntoIter,
    /// It is ready with the first answer, and not when it is connected.
    marks: bool,
    monitor: Arc<Monitor>,
}

impl Link {
    pub(crate) fn new(policy: Exponential, marks: bool, monitor: Arc<Monitor>) -> Self {
        Self {
            retry: Retry::new(policy),
            policy,
            rest: policy.into_iter(),
            marks,
            monitor,
        }
    }
}

/// The time between two questions.
pub(crate) const PAUSE: Duration = Duration::from_millis(250);

/// How long an answer may take.
pub(crate) const PATIENCE: Duration = Duration::from_millis(750);

impl Connector for Link {
    type Connection = (TcpStream, Live);
    type Error = io::Error;

    async fn connect(&mut self) -> ConnResult<(TcpStream, Live), io::Error> {
        self.monitor.none_is_live();
        let began = Instant::now();
        match TcpStream::connect(("server", PORT)).await {
            Ok(stream) => ConnResult::Connected((stream, self.monitor.live())),
            // A lost SYN, of which turmoil tells at once what no network does.
            Err(_) if began.elapsed().is_zero() => pending().await,
            Err(error) => ConnResult::Reconnect(error),
        }
    }

    async fn run(
        &mut self,
        (mut stream, _live): (TcpStream, Live),
        session: Session,
    ) -> RunResult<io::Error> {
        loop {
            if let Err(error) = ask(&mut stream).await {
                return RunResult::Reconnect(error);
            }
            session.ready();
            sleep(PAUSE).await;
        }
    }

    async fn retry_delay(&mut self, failure: Failure<io::Error>) -> RetryResult<io::Error> {
        if failure.attempt == 1 {
            self.rest = self.policy.into_iter();
        }
        let result = self.retry.on_failure(failure);
        let is_next =
            matches!(result, RetryResult::After(delay) if Some(delay) == self.rest.next());
        assert!(is_next, "the delay is not the policy's: {result:?}");
        result
    }

    fn lifecycle(&self) -> Lifecycle {
        let lifecycle = Lifecycle::new().stable_after(STABLE_AFTER);
        if self.marks {
            lifecycle.ready_when_marked()
        } else {
            lifecycle
        }
    }
}

async fn ask(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"?").await?;
    let mut answer = [0];
    timeout(PATIENCE, stream.read_exact(&mut answer)).await??;
    Ok(())
}
