//! One connector of the fleet: it dials, waits for a greeting, and then for an answer to each of its heartbeats.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use schmoozer_core::{
    ConnResult, Connector, Failure, Lifecycle, Retry, RetryResult, RunResult, Runner, Session,
    closed,
};
use schmoozer_tcp::{Dialer, InvalidTarget};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

use crate::census::{Census, State};
use crate::controls::{Chosen, Controls};

/// How long a dial may take, and the greeting after it.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a heartbeat is sent; one that has no answer by the next is the last.
const HEARTBEAT: Duration = Duration::from_millis(1_500);

/// Starts a connector for each place in the `census`.
pub(crate) fn launch(
    addr: SocketAddr,
    controls: &Arc<Controls>,
    census: &Arc<Census>,
) -> Result<JoinSet<io::Result<()>>, InvalidTarget> {
    let dialer = Dialer::new(addr)?.timeout(PATIENCE);
    let mut fleet = JoinSet::new();
    for number in 0..census.len() {
        let connector = FleetConnector {
            dialer: dialer.clone(),
            retry: Retry::new(Chosen(Arc::clone(controls))),
            controls: Arc::clone(controls),
            census: Arc::clone(census),
            number,
        };
        let runner = Runner::new(connector).observer(Census::observer(census, number));
        fleet.spawn(runner.run());
    }
    Ok(fleet)
}

struct FleetConnector {
    dialer: Dialer,
    retry: Retry<Chosen>,
    controls: Arc<Controls>,
    census: Arc<Census>,
    number: usize,
}

impl FleetConnector {
    async fn dial(&self) -> io::Result<TcpStream> {
        let mut stream = self.dialer.dial().await?;
        timeout(PATIENCE, stream.read_u8()).await??;
        Ok(stream)
    }
}

impl Connector for FleetConnector {
    type Connection = TcpStream;
    type Error = io::Error;

    async fn connect(&mut self) -> ConnResult<TcpStream, io::Error> {
        // `Runner::pacer` does this for a pacer that stays; here it comes and goes.
        if let Some(pacer) = self.controls.pacer() {
            self.census.note(self.number, State::Queued);
            pacer.admit().await;
        }
        self.census.note_attempt(self.number);
        self.dial().await.into()
    }

    async fn run(&mut self, stream: TcpStream, _session: Session) -> RunResult<io::Error> {
        RunResult::Reconnect(heartbeats(stream).await)
    }

    async fn retry_delay(&mut self, failure: Failure<io::Error>) -> RetryResult<io::Error> {
        self.retry.on_failure(failure)
    }

    fn lifecycle(&self) -> Lifecycle {
        // It was greeted: the outage is over.
        Lifecycle::new().stable_after(Duration::ZERO)
    }
}

/// Sends heartbeats until one is not answered.
async fn heartbeats(mut stream: TcpStream) -> io::Error {
    let mut answer = [0; 16];
    let mut beat = interval(HEARTBEAT);
    let mut answered = true;
    loop {
        let outcome = tokio::select! {
            read = stream.read(&mut answer) => match read {
                Ok(0) => Err(closed()),
                read => read,
            },
            _ = beat.tick() => {
                if !std::mem::take(&mut answered) {
                    return io::Error::new(ErrorKind::TimedOut, "no answer to a heartbeat");
                }
                stream.write_all(b"?").await.map(|()| 0)
            }
        };
        match outcome {
            Ok(read) => answered |= read > 0,
            Err(error) => return error,
        }
    }
}
