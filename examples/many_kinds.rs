//! Connectors of different kinds in one map, kept by one loop over a `JoinSet`.
//! Shows `.boxed()`: a TCP link and an in-memory pipe, each with its own connection type, run side by side.
//! It takes no arguments: it starts the server of the one and the writer of the other itself, and ends when both have delivered.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use examples::outage;
use schmoozer_core::{BoxConnector, Connector, End, closed, connector_fn, run};
use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{Dialer, TcpConnector};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader, DuplexStream};
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let visits = Arc::new(AtomicU32::new(0));
    let service = Behaviour::serve(move |mut stream| {
        let visit = visits.fetch_add(1, Ordering::Relaxed);
        async move {
            stream.write_all(b"one\ntwo\n").await?;
            // The first visitor is hung up on before the end.
            if visit > 0 {
                stream.write_all(b"three\n").await?;
            }
            Ok(())
        }
    });
    let server = Peer::start(service.clone()).await?;

    let over_tcp = TcpConnector::new(Dialer::new(server.addr())?, |stream, _session| {
        three_lines("tcp", stream)
    });
    let over_a_pipe = connector_fn(
        async || Ok(pipe()),
        |pipe, _session| three_lines("pipe", pipe),
        [Duration::from_millis(100); 50],
    );
    let links: BTreeMap<&str, BoxConnector<io::Error>> =
        BTreeMap::from([("tcp", over_tcp.boxed()), ("pipe", over_a_pipe.boxed())]);

    let mut running = JoinSet::new();
    for (name, link) in links {
        running.spawn(async move { (name, run(link).await) });
    }
    outage(&server, &service, Duration::from_millis(200)).await?;
    while let Some(ended) = running.join_next().await {
        let (name, result) = ended?;
        result?;
        println!("{name}: delivered");
    }
    Ok(())
}

/// Reads three lines; a peer that hangs up earlier is asked again.
async fn three_lines(name: &str, connection: impl AsyncRead + Unpin) -> io::Result<End> {
    let mut lines = BufReader::new(connection).lines();
    for _ in 0..3 {
        let line = lines.next_line().await?;
        println!("{name}: {}", line.as_deref().unwrap_or("hung up"));
        line.ok_or_else(closed)?;
    }
    Ok(End::Exit)
}

/// A pipe whose other end writes three lines.
fn pipe() -> DuplexStream {
    let (ours, mut theirs) = tokio::io::duplex(64);
    tokio::spawn(async move { theirs.write_all(b"red\ngreen\nblue\n").await });
    ours
}
