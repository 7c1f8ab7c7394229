//! Peers that become others while clients run.

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use schmoozer_faults::{Behaviour, Handler, Peer};
use socket2::SockRef;
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
async fn connections_from_before_a_switch_keep_the_old_behaviour() -> Result {
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
async fn a_switch_says_how_many_came_before_it() -> Result {
    let peer = Peer::start(Behaviour::Silent).await?;
    let mut old = Vec::new();
    for count in 1..=20 {
        old.push(connect(&peer).await?);
        assert_eq!(peer.switch(Behaviour::Silent).await?, count);
    }
    Ok(())
}

#[tokio::test]
async fn a_restart_closes_the_old_connections_and_none_of_the_new() -> Result {
    let peer = Peer::start(Behaviour::Silent).await?;
    let addr = peer.addr();
    // Comes again as soon as it is closed.
    let client = tokio::spawn(async move {
        for closed in 0.. {
            let mut stream = TcpStream::connect(addr).await?;
            stream.write_all(b"a").await?;
            if stream.read(&mut [0]).await? == 1 {
                return io::Result::Ok(closed);
            }
        }
        Ok(0)
    });
    for count in 1..=10 {
        peer.until(|counts| counts.bytes_in == count).await?;
        assert_eq!(peer.restart(Behaviour::Silent).await? as u64, count);
    }
    peer.restart(Behaviour::Echo).await?;
    let closed = timeout(SOON, client).await???;
    // The last restart may have met it before or after it connected.
    assert!((10..=11).contains(&closed), "{closed}");
    assert_eq!(peer.counts().accepted, closed + 1);
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

#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
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

#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
async fn a_connect_that_waits_in_a_black_hole_succeeds_when_it_closes() -> Result {
    let peer = Peer::start(Behaviour::BlackHole).await?;
    let waiting = tokio::spawn(TcpStream::connect(peer.addr()));
    sleep(PENDING).await;
    peer.switch(Behaviour::Close).await?;
    let mut stream = timeout(SOON, waiting).await???;
    assert_eq!(rest(&mut stream).await?, b"");
    assert_eq!(peer.counts().accepted, 1);
    Ok(())
}

/// Two sockets may be bound to a port if both ask for it with `SO_REUSEADDR`; only one may listen.
#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "two sockets of one port are Linux alone"
)]
async fn a_port_that_was_taken_over_is_an_error() -> Result {
    let peer = Peer::start(Behaviour::Refuse).await?;
    let thief = std::net::TcpListener::bind(peer.addr())?;
    let error = peer.switch(Behaviour::Echo).await.expect_err("it is taken");
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    let flap = vec![(PENDING, Behaviour::Refuse), (PENDING, Behaviour::Echo)];
    peer.switch(Behaviour::Flap(flap)).await?;
    // A step that fails later is told by the waits.
    let error = peer.accepted(1).await.expect_err("it is still taken");
    assert!(
        error
            .to_string()
            .starts_with("a step of a flapping peer failed: "),
        "{error}"
    );
    // A process that is being forked may hold a copy, and would keep it listening.
    SockRef::from(&thief).shutdown(Shutdown::Both)?;
    peer.switch(Behaviour::Echo).await?;
    is_served(&peer).await
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
#[cfg_attr(not(target_os = "linux"), ignore = "it is about how Linux forks")]
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
        let addr = gone.addr();
        drop(gone);
        let error = std::net::TcpStream::connect(addr).expect_err("it is gone");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
    DONE.store(true, Ordering::Relaxed);
    assert!(forks.join().map_err(|_| "the thread panicked")?? > 0);
    Ok(())
}
