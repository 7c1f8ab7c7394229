//! Peers that become others while clients run.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use schmoozer_faults::{Behaviour, Handler, Peer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use crate::{PENDING, Result, SOON, connect, rest};

async fn is_served(peer: &Peer) -> Result {
    let mut stream = connect(peer).await?;
    stream.write_all(b"a").await?;
    assert_eq!(timeout(SOON, stream.read_u8()).await??, b'a');
    Ok(())
}

async fn is_refused(peer: &Peer) {
    let result = connect(peer).await.map_err(|error| error.kind());
    assert_eq!(result.err(), Some(ErrorKind::ConnectionRefused));
}

#[tokio::test]
async fn a_switch_is_in_force_when_it_returns_and_the_address_stays() -> Result {
    let peer = Peer::start(Behaviour::Refuse).await?;
    let addr = peer.addr();
    for _ in 0..20 {
        is_refused(&peer).await;
        peer.switch(Behaviour::Echo).await?;
        is_served(&peer).await?;
        peer.switch(Behaviour::Close).await?;
        assert_eq!(rest(&mut connect(&peer).await?).await?, b"");
        peer.stop().await?;
        assert_eq!(peer.addr(), addr);
    }
    Ok(())
}

#[tokio::test]
async fn who_connected_before_a_switch_keeps_the_old_behaviour() -> Result {
    let peer = Peer::start(Behaviour::Echo).await?;
    for next in [
        Behaviour::Close,
        Behaviour::Refuse,
        Behaviour::CloseAfter(1, Handler::echo()),
    ] {
        let mut old: Vec<TcpStream> = Vec::new();
        for _ in 0..10 {
            old.push(connect(&peer).await?);
        }
        // The runtime has had no time to accept the last of them.
        peer.switch(next).await?;
        for stream in &mut old {
            stream.write_all(b"abc").await?;
            timeout(SOON, stream.read_exact(&mut [0; 3])).await??;
        }
        peer.switch(Behaviour::Echo).await?;
    }
    assert_eq!(peer.counts().accepted, 30);
    Ok(())
}

#[tokio::test]
async fn a_port_is_kept_while_nothing_listens() -> Result {
    let peer = Peer::start(Behaviour::Refuse).await?;
    for behaviour in [Behaviour::Echo, Behaviour::Refuse, Behaviour::Close] {
        // Without SO_REUSEADDR.
        let error = TcpSocket::new_v4()?
            .bind(peer.addr())
            .expect_err("it is the peer's");
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        peer.switch(behaviour).await?;
    }
    Ok(())
}

#[tokio::test]
async fn stop_closes_and_refuses_and_the_peer_comes_back() -> Result {
    let peer = Peer::start(Behaviour::Echo).await?;
    for _ in 0..3 {
        let mut stream = connect(&peer).await?;
        peer.live(1).await?;
        peer.stop().await?;
        is_refused(&peer).await;
        assert_eq!(rest(&mut stream).await?, b"");
        peer.switch(Behaviour::Echo).await?;
        is_served(&peer).await?;
    }
    Ok(())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[tokio::test]
async fn a_black_hole_opens_and_closes_while_a_client_redials() -> Result {
    let peer = Peer::start(Behaviour::Echo).await?;
    let addr = peer.addr();
    let client = tokio::spawn(async move {
        loop {
            // Without a pause, so that it meets every moment.
            let _ = timeout(Duration::from_millis(30), TcpStream::connect(addr)).await;
            tokio::task::yield_now().await;
        }
    });
    for _ in 0..3 {
        peer.switch(Behaviour::BlackHole).await?;
        let pending = timeout(PENDING, TcpStream::connect(addr)).await;
        assert!(pending.is_err(), "{pending:?}");
        peer.switch(Behaviour::Refuse).await?;
        is_refused(&peer).await;
        peer.switch(Behaviour::Echo).await?;
        is_served(&peer).await?;
    }
    client.abort();
    Ok(())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[tokio::test]
async fn who_waits_in_a_black_hole_connects_when_it_closes() -> Result {
    let peer = Peer::start(Behaviour::BlackHole).await?;
    let waiting = tokio::spawn(TcpStream::connect(peer.addr()));
    sleep(PENDING).await;
    peer.switch(Behaviour::Close).await?;
    let mut stream = timeout(SOON, waiting).await???;
    assert_eq!(rest(&mut stream).await?, b"");
    assert_eq!(peer.counts().accepted, 1);
    Ok(())
}

#[tokio::test]
async fn a_switch_ends_a_schedule() -> Result {
    let step = Duration::from_millis(20);
    let peer = Peer::start(Behaviour::Flap(vec![
        (step, Behaviour::Refuse),
        (step, Behaviour::Close),
    ]))
    .await?;
    sleep(step * 3).await;
    peer.switch(Behaviour::Echo).await?;
    let mut stream = connect(&peer).await?;
    sleep(step * 3).await;
    stream.write_all(b"a").await?;
    assert_eq!(timeout(SOON, stream.read_u8()).await??, b'a');
    Ok(())
}

/// A process that is being forked holds copies of all sockets until it runs its program.
#[tokio::test]
async fn processes_that_start_meanwhile_disturb_nothing() -> Result {
    static DONE: AtomicBool = AtomicBool::new(false);
    let forks = std::thread::spawn(|| -> io::Result<u32> {
        let mut count = 0;
        while !DONE.load(Ordering::Relaxed) {
            let mut command = Command::new("true");
            command.stdin(Stdio::null()).status()?;
            count += 1;
        }
        Ok(count)
    });
    let peer = Peer::start(Behaviour::Echo).await?;
    for _ in 0..100 {
        is_served(&peer).await?;
        let mut stream = connect(&peer).await?;
        peer.stop().await?;
        is_refused(&peer).await;
        assert_eq!(rest(&mut stream).await?, b"");
        peer.switch(Behaviour::Echo).await?;
    }
    for _ in 0..50 {
        let gone = Peer::start(Behaviour::Echo).await?;
        let addr: SocketAddr = gone.addr();
        drop(gone);
        let error = std::net::TcpStream::connect(addr).expect_err("it is gone");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
    DONE.store(true, Ordering::Relaxed);
    assert!(forks.join().map_err(|_| "the thread panicked")?? > 0);
    Ok(())
}
