//! Loops of different kinds, controlled from one map of handles.
//! A TCP link and an in-memory pipe have different connection types. A `Handle` has the same type for every loop.
//! It takes no arguments. It starts the TCP server and the writer of the pipe, and exits when both have delivered.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use examples::outage;
use schmoozer_core::{End, Handle, Runner, closed, connector_fn};
use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{Dialer, TcpConnector};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader, DuplexStream};

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
    let (tcp, _) = Runner::new(over_tcp).spawn();
    let (pipe, _) = Runner::new(over_a_pipe).spawn();
    let links: BTreeMap<&str, Handle> = BTreeMap::from([("tcp", tcp), ("pipe", pipe)]);

    outage(&server, &service, Duration::from_millis(200)).await?;
    for (name, link) in links {
        println!("{name}: {}", link.stopped().await);
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
