use std::fmt::Display;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use schmoozer_faults::Checker;
use schmoozer_tcp::{
    Connector, Dialer, End, Event, Handle, Plain, Runner, Session, Status, TcpConnector, closed,
};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tracing::instrument::WithSubscriber as _;

use crate::report::ClientReport;
use crate::requests::Requests;
use crate::scene::{PATIENCE, until};
use crate::verdict::Verdict;

/// How far a time that an event tells may be off from when it is told, on a machine that is busy.
const SLACK: Duration = Duration::from_secs(1);

/// A client of a server, kept by the loop; its events are checked and its log lines counted.
///
/// Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) handle: Handle,
    running: Option<JoinHandle<Result<(), String>>>,
    arrivals: Arc<AtomicU32>,
    lines: Arc<Lines>,
    fault: Arc<Mutex<Option<String>>>,
    /// What it asks, and how much of that was answered before.
    asked: Option<(Requests, u64)>,
}

impl Client {
    /// Serves each connection to `addr` with `serve`, which says when it is ready: then an outage is over.
    pub(crate) fn spawn<S, F>(addr: SocketAddr, serve: S) -> io::Result<Self>
    where
        S: FnMut(TcpStream, Session) -> F + Send + 'static,
        F: Future<Output = io::Result<End>> + Send + 'static,
    {
        // A client that has arrived is back: each kill after that is an outage of its own.
        let link = TcpConnector::new(Dialer::new(addr)?, serve);
        Ok(Self::marked(link, Duration::ZERO))
    }

    /// Listens to a server that `dialer` reaches and that sends a byte now and then.
    pub(crate) fn listener(dialer: Dialer, silence: Duration, stable_after: Duration) -> Self {
        let serve = move |stream, session| listen(stream, session, silence);
        Self::marked(TcpConnector::new(dialer, serve), stable_after)
    }

    /// Runs what marks its connections as ready.
    pub(crate) fn marked<H>(link: TcpConnector<Plain, H, io::Error>, stable_after: Duration) -> Self
    where
        TcpConnector<Plain, H, io::Error>: Connector<Error = io::Error> + 'static,
    {
        let link = link.ready_when_marked().stable_after(stable_after);
        Self::run(Runner::new(link), stable_after)
    }

    /// Runs what is stable so long after it is ready.
    pub(crate) fn run<C>(runner: Runner<'static, C>, stable_after: Duration) -> Self
    where
        C: Connector<Error: Display> + 'static,
    {
        Self::checked(runner, Checker::within(SLACK).stable_after(stable_after))
    }

    /// Runs what `checker` is to follow.
    pub(crate) fn checked<C>(runner: Runner<'static, C>, checker: Checker) -> Self
    where
        C: Connector<Error: Display> + 'static,
    {
        let (arrivals, fault) = (Arc::<AtomicU32>::default(), Arc::default());
        let (counted, noted): (_, Arc<Mutex<Option<String>>>) =
            (Arc::clone(&arrivals), Arc::clone(&fault));
        let runner = runner.on_event(move |event| {
            if let Event::Ready { .. } = event {
                counted.fetch_add(1, Ordering::Release);
            }
            if let Err(fault) = checker.check(Instant::now(), event) {
                let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                noted.get_or_insert(fault);
            }
        });
        let handle = runner.handle();
        let lines = Arc::<Lines>::default();
        let running = async move { runner.run().await.map_err(|error| format!("{error:#}")) };
        let logs = tracing_subscriber::fmt().with_writer(Arc::clone(&lines));
        let running = running.with_subscriber(logs.finish());
        Self {
            handle,
            running: Some(tokio::spawn(running)),
            arrivals,
            lines,
            fault,
            asked: None,
        }
    }

    /// Has its report say how its requests fared.
    pub(crate) fn asking(mut self, requests: &Requests) -> Self {
        self.asked = Some((requests.clone(), requests.next() - 1));
        self
    }

    /// How often it was ready.
    pub(crate) fn arrivals(&self) -> u32 {
        self.arrivals.load(Ordering::Acquire)
    }

    /// Waits until no connection is up, and returns how long that took.
    pub(crate) async fn gone(&self, patience: Duration) -> io::Result<Duration> {
        let what = "a client has not noticed that its server is gone";
        let up = || matches!(self.handle.status(), Status::Connected { .. });
        self.until(patience, what, || !up()).await
    }

    /// Waits until an outage begins, and returns how long that took.
    pub(crate) async fn lost(&self, patience: Duration) -> io::Result<Duration> {
        let what = "a client has not noticed that its server is gone";
        let lost = || self.handle.outage().is_some();
        self.until(patience, what, lost).await
    }

    /// Waits until a connection is stable, and returns how long that took.
    pub(crate) async fn stable(&self, patience: Duration) -> io::Result<Duration> {
        let what = "a client is not back";
        self.until(patience, what, || {
            let status = self.handle.status();
            matches!(status, Status::Connected { stable: true, .. })
        })
        .await
    }

    async fn until(
        &self,
        patience: Duration,
        what: &str,
        holds: impl FnMut() -> bool,
    ) -> io::Result<Duration> {
        let late = || format!("{what}: {}", self.handle.status());
        until(patience, late, holds).await
    }

    /// Waits until it is stable, stops it, and judges it.
    pub(crate) async fn back(
        self,
        on: &'static str,
        outages: u64,
        at_most: u64,
    ) -> io::Result<Verdict> {
        self.stable(PATIENCE).await?;
        Ok(self.end().await.verdict(on, outages, at_most))
    }

    /// Stops it, and says how it fared.
    pub(crate) async fn end(mut self) -> ClientReport {
        let open = self.handle.outage().is_some();
        self.handle.shutdown();
        let ended = match self.running.take() {
            Some(running) => running.await,
            None => Ok(Ok(())),
        };
        let ended = match ended {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("a client gave up: {error}")),
            Err(panic) => Some(format!("a client ended: {panic}")),
        };
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = ended.or_else(|| fault.clone());
        let answered = self.asked.as_ref();
        let answered = answered.map(|(it, before)| it.answered().map(|count| count - before));
        let answered = answered.transpose();
        let (warnings, recoveries) = self.lines.count("");
        let stats = self.handle.stats();
        ClientReport {
            arrivals: self.arrivals(),
            attempts: stats.attempts,
            outages: stats.outages,
            open,
            warnings,
            recoveries,
            fault: fault.or(answered.as_ref().err().cloned()),
            answered: answered.unwrap_or_default(),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.abort();
        }
    }
}

/// Is ready with the first byte, and fails when none comes for so long.
pub(crate) async fn listen(
    mut stream: TcpStream,
    session: Session,
    silence: Duration,
) -> io::Result<End> {
    let mut byte = [0];
    while timeout(silence, stream.read(&mut byte)).await?? > 0 {
        session.ready();
    }
    Err(closed())
}

/// Counts what the loop logs for people: its warnings, and the ends of outages.
#[derive(Debug, Default)]
pub(crate) struct Lines(Mutex<(u32, u32)>);

impl Lines {
    /// Counts a line, and returns how many of both there are.
    pub(crate) fn count(&self, line: &str) -> (u32, u32) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.0 += u32::from(line.contains(" WARN schmoozer"));
        counts.1 += u32::from(line.contains(" INFO schmoozer: outage over "));
        *counts
    }
}

impl io::Write for &Lines {
    /// Each line is written at once.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.count(&String::from_utf8_lossy(line));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
