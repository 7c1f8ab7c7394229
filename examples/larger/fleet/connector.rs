//! One connector of the fleet: it dials, waits for a greeting, and then for an answer to each of its heartbeats.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use schmoozer_backoff::{Constant, Exponential, PolicyConfig, Rounds};
use schmoozer_core::{Connector, End, closed};
use schmoozer_tcp::{Dialer, InvalidTarget, TcpConnector};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a dial may take with the greeting after it, and each answer.
const PATIENCE: Duration = Duration::from_secs(2);
const HEARTBEAT: Duration = Duration::from_millis(1_500);

pub(crate) fn connector(
    server: SocketAddr,
    policies: &Arc<Policies>,
) -> Result<impl Connector<Error = io::Error> + use<>, InvalidTarget> {
    let dialer = Dialer::new(server)?.timeout(PATIENCE);
    let link = TcpConnector::upgraded(dialer, greeted, |stream, _session| heartbeats(stream));
    // It was greeted: the outage is over.
    let link = link.stable_after(Duration::ZERO);
    Ok(link.retry(Chosen(Arc::clone(policies))))
}

async fn greeted(mut stream: TcpStream) -> io::Result<TcpStream> {
    stream.read_u8().await?;
    Ok(stream)
}

async fn heartbeats(mut stream: TcpStream) -> io::Result<End> {
    loop {
        stream.write_all(b"?").await?;
        timeout(PATIENCE, stream.read_u8()).await??;
        // Nothing is asked for meanwhile: what comes is the end of the stream.
        if timeout(HEARTBEAT, stream.read_u8()).await.is_ok() {
            return Err(closed());
        }
    }
}

/// Delay policies, of which one is chosen while the fleet runs.
pub(crate) struct Policies {
    list: Vec<PolicyConfig>,
    chosen: AtomicUsize,
}

impl Policies {
    /// Begins with `first`, if there is one.
    pub(crate) fn new(clients: u32, capacity: u32, first: Option<PolicyConfig>) -> Arc<Self> {
        let list = first.into_iter().chain([
            Exponential::default().into(),
            Rounds::for_fleet(clients.into(), capacity.into()).into(),
            Exponential::grpc().into(),
            // All at the same moments, without jitter.
            Constant::new(Duration::from_secs(2)).into(),
        ]);
        Arc::new(Self {
            list: list.collect(),
            chosen: AtomicUsize::new(0),
        })
    }

    pub(crate) fn next(&self) {
        self.chosen.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn chosen(&self) -> &PolicyConfig {
        &self.list[self.chosen.load(Ordering::Relaxed) % self.list.len()]
    }
}

/// The policy that is chosen when an outage begins.
#[derive(Clone)]
pub(crate) struct Chosen(pub(crate) Arc<Policies>);

impl IntoIterator for Chosen {
    type Item = Duration;
    type IntoIter = <PolicyConfig as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.0.chosen().clone().into_iter()
    }
}
