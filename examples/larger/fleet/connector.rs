//! One connector of the fleet: it dials, waits for a greeting, and then for an answer to each of its heartbeats.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use schmoozer_backoff::PolicyConfig;
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
    policy: &PolicyConfig,
) -> Result<impl Connector<Error = io::Error> + use<>, InvalidTarget> {
    let dialer = Dialer::new(server)?.timeout(PATIENCE);
    let link = TcpConnector::upgraded(dialer, greeted, |stream, _session| heartbeats(stream));
    // It was greeted: the outage is over.
    let link = link.stable_after(Duration::ZERO);
    Ok(link.retry(policy.clone()))
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
