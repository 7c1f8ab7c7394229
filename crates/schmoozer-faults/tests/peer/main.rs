//! Peers, each seen by a plain client.

mod behaviours;
mod counting;
mod handlers;
mod live;
mod switching;

use std::io;
use std::time::Duration;

use schmoozer_faults::Peer;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(8);
/// How long something must stay pending to count as pending.
const PENDING: Duration = Duration::from_millis(200);

async fn connect(peer: &Peer) -> io::Result<TcpStream> {
    timeout(SOON, TcpStream::connect(peer.addr())).await?
}

/// Reads until the end of the stream.
async fn rest(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    timeout(SOON, stream.read_to_end(&mut bytes)).await??;
    Ok(bytes)
}

/// Reads until something goes wrong, and returns what came before that.
async fn until_error(stream: &mut TcpStream) -> (Vec<u8>, io::ErrorKind) {
    let mut bytes = Vec::new();
    let read = timeout(SOON, stream.read_to_end(&mut bytes)).await;
    let error = read
        .expect("something happens")
        .expect_err("the stream does not end");
    (bytes, error.kind())
}
