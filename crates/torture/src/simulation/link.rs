use std::cell::Cell;
use std::future::pending;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use schmoozer_backoff::Exponential;
use schmoozer_core::{
    ConnResult, Connector, Failure, Lifecycle, Retry, RetryResult, RunResult, Session,
};
use schmoozer_faults::Checker;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};
use turmoil::net::{TcpListener, TcpStream};

use super::monitor::{Live, Monitor, Notes};
use super::plan::{Plan, Service};

pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const STABLE_AFTER: Duration = Duration::from_secs(3);

/// What runs on a client from its boot on: the loop, until its handle stops it.
pub(crate) async fn boot(plan: Arc<Plan>, monitor: Arc<Monitor>) -> turmoil::Result {
    let mut checker = Checker::exact().stable_after(STABLE_AFTER);
    if plan.asks {
        // Which waits may be cut is for the notes to know.
        checker = checker.with_requests();
    }
    let link = Link {
        retry: Retry::new(plan.policy),
        policy: plan.policy,
        rest: plan.policy.into_iter(),
        marks: plan.marks,
        monitor: Arc::clone(&monitor),
    };
    let runner = checker
        .runner(link)
        .connect_timeout(CONNECT_TIMEOUT)
        .observer(Notes::new(Arc::clone(&monitor)));
    monitor.seen().handle = Some(runner.handle());
    Ok(runner.run().await?)
}

/// A client of the server, over turmoil's streams: asks now and then, and leaves when no answer comes.
struct Link {
    retry: Retry<Exponential>,
    policy: Exponential,
    /// What the policy has left in this outage.
    rest: <Exponential as IntoIterator>::IntoIter,
    /// It is ready with the first answer, and not when it is connected.
    marks: bool,
    monitor: Arc<Monitor>,
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

const PORT: u16 = 7_000;

const FLAPS_AFTER: Duration = Duration::from_millis(500);

/// Serves each connection as `service` is when it is accepted.
pub(crate) async fn serve(service: Rc<Cell<Service>>) -> turmoil::Result {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        match service.get() {
            Service::HangsUp => {}
            Service::Flaps => {
                tokio::spawn(timeout(FLAPS_AFTER, converse(stream, true)));
            }
            service => {
                tokio::spawn(converse(stream, service == Service::Answers));
            }
        }
    }
}

async fn converse(mut stream: TcpStream, answers: bool) {
    let mut word = [0];
    while matches!(stream.read(&mut word).await, Ok(1..)) {
        if answers && stream.write_all(&word).await.is_err() {
            return;
        }
    }
}
