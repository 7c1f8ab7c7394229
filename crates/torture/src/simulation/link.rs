use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use schmoozer_backoff::Exponential;
use schmoozer_core::{ConnResult, Connector, Delays, Failure, Health, RetryResult, RunResult};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};
use turmoil::net::TcpStream;

use super::monitor::{Live, Monitor};
use super::server::PORT;

/// A client of the server, over turmoil's streams: asks now and then, and leaves when no answer comes.
pub(crate) struct Link {
    pub(crate) delays: Delays<Exponential>,
    pub(crate) health: Health,
    pub(crate) marks: bool,
    pub(crate) monitor: Arc<Monitor>,
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

    async fn run(&mut self, (mut stream, _live): (TcpStream, Live)) -> RunResult<io::Error> {
        loop {
            if let Err(error) = ask(&mut stream).await {
                return RunResult::Reconnect(error);
            }
            if self.marks {
                self.health.mark();
            }
            sleep(PAUSE).await;
        }
    }

    async fn retry_delay(&mut self, failure: Failure<io::Error>) -> RetryResult<io::Error> {
        self.delays.on_failure(failure)
    }

    fn health(&self) -> Health {
        self.delays.health()
    }
}

async fn ask(stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(b"?").await?;
    let mut answer = [0];
    timeout(PATIENCE, stream.read_exact(&mut answer)).await??;
    Ok(())
}
