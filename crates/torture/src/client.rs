use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use schmoozer_backoff::Exponential;
use schmoozer_core::{Delays, Event, Handle, Health, Runner, Status};
use schmoozer_tcp::{Dialer, TcpConnector};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::instrument::WithSubscriber as _;

use crate::event_order::EventOrder;
use crate::fared::Fared;
use crate::lines::Lines;

/// How far a time that an event tells may be off from when it is told, on a machine that is busy.
const SLACK: Duration = Duration::from_secs(1);

/// A client of a server, kept by the loop; its events are checked and its lines of log counted.
#[derive(Debug)]
pub(crate) struct Client {
    handle: Handle,
    running: JoinHandle<io::Result<()>>,
    arrivals: Arc<AtomicU32>,
    lines: Arc<Lines>,
    events: Arc<Mutex<Events>>,
}

/// Says that a connection is of use: that it is logged in, and has subscribed to what it is for.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    health: Health,
    arrivals: Arc<AtomicU32>,
}

#[derive(Debug)]
struct Events {
    order: EventOrder,
    count: u32,
    fault: Option<String>,
}

impl Arrival {
    pub(crate) fn tell(&self) {
        self.health.mark();
        self.arrivals.fetch_add(1, Ordering::Release);
    }
}

impl Client {
    /// Serves each connection to `addr` with `serve`, which says when it has arrived.
    pub(crate) fn spawn<S, F>(addr: SocketAddr, mut serve: S) -> io::Result<Self>
    where
        S: FnMut(TcpStream, Arrival) -> F + Send + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let delays = Delays::new(Exponential::default());
        let arrival = Arrival {
            health: delays.health(),
            arrivals: Arc::default(),
        };
        let arrivals = Arc::clone(&arrival.arrivals);
        let connector = TcpConnector::new(Dialer::new(addr)?, move |stream| {
            serve(stream, arrival.clone())
        });
        let events = Arc::new(Mutex::new(Events {
            order: EventOrder::within(SLACK),
            count: 0,
            fault: None,
        }));
        let checked = Arc::clone(&events);
        let check = move |event: &Event<'_>| {
            let mut events = checked.lock().unwrap_or_else(PoisonError::into_inner);
            events.check(event);
        };
        let runner = Runner::new(connector.delays(delays)).observer(check);
        let handle = runner.handle();
        let lines = Arc::<Lines>::default();
        // Made where the lines are wanted: the loop asks for its span then.
        let keep = async move { runner.run().await };
        Ok(Self {
            handle,
            running: tokio::spawn(keep.with_subscriber(Arc::clone(&lines))),
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

    /// Stops it, and says how it fared.
    pub(crate) async fn end(self) -> Fared {
        self.handle.shutdown();
        let ended = match self.running.await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("a client gave up: {error}")),
            Err(panic) => Some(format!("a client ended: {panic}")),
        };
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        Fared {
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
    fn check(&mut self, event: &Event<'_>) {
        self.count += 1;
        if let Err(fault) = self.order.next(Instant::now(), event) {
            self.fault.get_or_insert(fault);
        }
    }
}
