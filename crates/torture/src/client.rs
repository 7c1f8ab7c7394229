use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use schmoozer_faults::Checker;
use schmoozer_tcp::{Dialer, End, Event, Handle, Runner, Session, Status, TcpConnector};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::instrument::WithSubscriber as _;

use crate::client_report::ClientReport;
use crate::lines::Lines;

/// How far a time that an event tells may be off from when it is told, on a machine that is busy.
const SLACK: Duration = Duration::from_secs(1);

/// A client of a server, kept by the loop; its events are checked and its log lines counted.
#[derive(Debug)]
pub(crate) struct Client {
    handle: Handle,
    running: JoinHandle<io::Result<()>>,
    arrivals: Arc<AtomicU32>,
    lines: Arc<Lines>,
    events: Arc<Mutex<Events>>,
}

/// Says that a connection is of use: that it is logged in, and has subscribed to what it is for.
#[derive(Debug)]
pub(crate) struct Arrival {
    session: Session,
    arrivals: Arc<AtomicU32>,
}

#[derive(Debug, Default)]
struct Events {
    count: u32,
    fault: Option<String>,
}

impl Arrival {
    pub(crate) fn tell(&self) {
        self.session.ready();
        self.arrivals.fetch_add(1, Ordering::Release);
    }
}

impl Client {
    /// Serves each connection to `addr` with `serve`, which says when it has arrived.
    pub(crate) fn spawn<S, F>(addr: SocketAddr, mut serve: S) -> io::Result<Self>
    where
        S: FnMut(TcpStream, Arrival) -> F + Send + 'static,
        F: Future<Output = io::Result<End>> + Send + 'static,
    {
        let arrivals = Arc::<AtomicU32>::default();
        let counted = Arc::clone(&arrivals);
        let link = TcpConnector::new(Dialer::new(addr)?, move |stream, session| {
            let arrivals = Arc::clone(&counted);
            serve(stream, Arrival { session, arrivals })
        });
        // A client that has arrived is back: each kill after that is an outage of its own.
        let link = link.ready_when_marked().stable_after(Duration::ZERO);
        let checker = Checker::within(SLACK).stable_after(Duration::ZERO);
        let events = Arc::new(Mutex::new(Events::default()));
        let noted = Arc::clone(&events);
        let runner = Runner::new(link).on_event(move |event| {
            let mut events = noted.lock().unwrap_or_else(PoisonError::into_inner);
            events.check(&checker, event);
        });
        let handle = runner.handle();
        let lines = Arc::<Lines>::default();
        Ok(Self {
            handle,
            running: tokio::spawn(runner.run().with_subscriber(Arc::clone(&lines))),
            arrivals,
            lines,
            events,
        })
    }

    /// How often it has arrived.
    pub(crate) fn arrivals(&self) -> u32 {
        self.arrivals.load(Ordering::Acquire)
    }

    pub(crate) fn is_connected(&self) -> bool {
        matches!(self.handle.status(), Status::Connected { .. })
    }

    /// Stops it, and reports on it.
    pub(crate) async fn end(self) -> ClientReport {
        self.handle.shutdown();
        let ended = match self.running.await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("a client gave up: {error}")),
            Err(panic) => Some(format!("a client ended: {panic}")),
        };
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        ClientReport {
            arrivals: self.arrivals.load(Ordering::Acquire),
            outages: self.handle.stats().outages,
            warnings: self.lines.warnings(),
            recoveries: self.lines.recoveries(),
            events: events.count,
            fault: ended.or_else(|| events.fault.clone()),
        }
    }
}

impl Events {
    fn check(&mut self, checker: &Checker, event: &Event<'_>) {
        self.count += 1;
        if let Err(fault) = checker.check(Instant::now(), event) {
            self.fault.get_or_insert(fault);
        }
    }
}
