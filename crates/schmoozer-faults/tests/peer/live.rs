//! What a test does to connections that are live.

use std::future::pending;
use std::io::{self, ErrorKind};

use schmoozer_faults::{Behaviour, Connection, Peer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::{PENDING, Result, SOON, connect, rest, until_error};

/// Clients of a peer that were served.
async fn three(peer: &Peer) -> Result<Vec<TcpStream>> {
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = connect(peer).await?;
        stream.write_all(b"a").await?;
        assert_eq!(stream.read_u8().await?, b'a');
        streams.push(stream);
    }
    Ok(streams)
}

#[tokio::test]
async fn close_live_ends_them_all_and_new_ones_are_served() -> Result {
    let peer = Peer::start(Behaviour::Echo).await?;
    let mut streams = three(&peer).await?;
    // Its accept may still be to come.
    let waiting = connect(&peer).await?;
    streams.push(waiting);
    peer.close_live().await?;
    assert_eq!(peer.counts().live, 0);
    for mut stream in streams {
        assert_eq!(rest(&mut stream).await?, b"");
    }
    three(&peer).await?;
    Ok(())
}

#[tokio::test]
async fn reset_live_resets_them_all_and_new_ones_are_served() -> Result {
    let peer = Peer::start(Behaviour::Echo).await?;
    let streams = three(&peer).await?;
    peer.reset_live().await?;
    assert_eq!(peer.counts().live, 0);
    for mut stream in streams {
        assert_eq!(until_error(&mut stream).await.1, ErrorKind::ConnectionReset);
    }
    three(&peer).await?;
    Ok(())
}

#[tokio::test]
#[cfg_attr(windows, ignore = "Windows tells of an end after what came before it")]
async fn freeze_live_leaves_them_open_and_dumb() -> Result {
    let peer = Peer::start(Behaviour::Echo).await?;
    let mut streams = three(&peer).await?;
    peer.freeze_live().await?;
    for stream in &mut streams {
        stream.write_all(b"b").await?;
        assert!(timeout(PENDING, stream.read_u8()).await.is_err());
    }
    assert_eq!(peer.counts().bytes_in, 3);
    let mut thawed = three(&peer).await?;
    assert_eq!(peer.counts().live, 6);
    // One that leaves is no longer live; the others can be ended, or frozen again.
    drop(streams.pop());
    peer.live(5).await?;
    peer.freeze_live().await?;
    peer.reset_live().await?;
    for stream in streams.iter_mut().chain(&mut thawed) {
        assert_eq!(until_error(stream).await.1, ErrorKind::ConnectionReset);
    }
    Ok(())
}

#[tokio::test]
async fn a_handler_that_waits_is_stopped() -> Result {
    let peer = Peer::start(Behaviour::serve(|connection| async move {
        let _connection = connection;
        pending().await
    }))
    .await?;
    let mut stream = connect(&peer).await?;
    peer.live(1).await?;
    peer.close_live().await?;
    assert_eq!(rest(&mut stream).await?, b"");
    Ok(())
}

/// Occupies its thread for a while after each byte.
async fn slowly(mut connection: Connection) -> io::Result<()> {
    loop {
        connection.read_u8().await?;
        connection.write_all(b"a").await?;
        std::thread::sleep(PENDING);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_order_is_obeyed_when_the_call_returns() -> Result {
    let peer = Peer::start(Behaviour::serve(slowly)).await?;
    let mut frozen = connect(&peer).await?;
    frozen.write_all(b"a").await?;
    assert_eq!(frozen.read_u8().await?, b'a');
    peer.freeze_live().await?;
    // A handler that still ran would answer this.
    frozen.write_all(b"a").await?;
    assert!(timeout(PENDING * 2, frozen.read_u8()).await.is_err());
    assert_eq!(peer.counts().bytes_in, 1);

    for _ in 0..3 {
        let mut closed = connect(&peer).await?;
        closed.write_all(b"a").await?;
        assert_eq!(closed.read_u8().await?, b'a');
        peer.close_live().await?;
        assert_eq!(peer.counts().live, 0);
    }
    Ok(())
}

#[tokio::test]
async fn a_peer_that_never_reads_can_be_reset() -> Result {
    let peer = Peer::start(Behaviour::NeverRead).await?;
    let mut stream = connect(&peer).await?;
    stream.write_all(b"hello").await?;
    peer.accepted(1).await?;
    peer.reset_live().await?;
    assert_eq!(until_error(&mut stream).await.1, ErrorKind::ConnectionReset);
    Ok(())
}

#[tokio::test]
#[cfg_attr(windows, ignore = "Windows goes on listening for a moment")]
async fn a_peer_that_is_dropped_refuses_at_once_and_closes_what_is_live() -> Result {
    let peer = Peer::start(Behaviour::Echo).await?;
    let mut streams = three(&peer).await?;
    let addr = peer.addr();
    drop(peer);
    let error = std::net::TcpStream::connect(addr).expect_err("it is gone");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    for stream in &mut streams {
        assert_eq!(rest(stream).await?, b"");
    }
    // The port is free again.
    let again = timeout(SOON, Peer::start_at(addr, Behaviour::Echo)).await??;
    three(&again).await?;
    Ok(())
}
