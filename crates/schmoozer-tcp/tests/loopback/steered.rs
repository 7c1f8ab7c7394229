//! A connector that is told to stop or to reconnect, and what becomes of its sockets.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use schmoozer_faults::{Behaviour, Checker, Peer};
use schmoozer_tcp::{Connector, Dialer, End, Session, Status, TcpConnector};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::connector::{SHORT, SOON};
use crate::kernel::{State, sockets_to};
use crate::scripted::{Scripted, Step};
use crate::{Result, checked, checker, complete};

/// Longer than any test waits.
const NEVER: Duration = Duration::from_secs(60);
/// How much later than planned something may happen, so that a busy machine fails nothing.
const SLACK: Duration = Duration::from_millis(200);

/// Keeps each connection for as long as it is let.
fn keeping(addr: SocketAddr) -> Result<impl Connector<Error = io::Error>> {
    let keeps = async |_stream: TcpStream, _: Session| pending().await;
    Ok(TcpConnector::new(Dialer::new(addr)?.timeout(NEVER), keeps).retry([NEVER; 9]))
}

/// Waits for the end of a loop that was told to stop just now, and returns how long that took.
async fn stops(task: JoinHandle<io::Result<()>>) -> Result<Duration> {
    let told = Instant::now();
    timeout(SOON, task).await???;
    Ok(told.elapsed())
}

/// Row 26: `reconnect` closes the old socket before the new dial.
#[tokio::test]
async fn a_reconnect_closes_the_old_socket_before_the_new_dial() -> Result {
    let server = TcpListener::bind("127.0.0.1:0").await?;
    let runner = checker()
        .with_requests()
        .runner(keeping(server.local_addr()?)?);
    let (handle, task) = runner.spawn();
    let (old, _) = timeout(SOON, server.accept()).await??;
    handle.connected().await?;
    assert!(old.try_read(&mut [0]).is_err(), "it is kept");
    handle.reconnect();
    let (new, _) = timeout(SOON, server.accept()).await??;
    assert_eq!(old.try_read(&mut [0])?, 0);
    assert!(new.try_read(&mut [0]).is_err(), "it is kept");
    handle.shutdown();
    assert!(stops(task).await? < SLACK);
    Ok(())
}

/// Row 23: a shutdown while connecting.
#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
async fn a_shutdown_ends_a_dial_at_once() -> Result {
    let hole = Peer::start(Behaviour::BlackHole).await?;
    let (handle, task) = checked(keeping(hole.addr())?).grace(NEVER).spawn();
    sleep(SHORT).await;
    assert_eq!(sockets_to(hole.addr(), State::SynSent)?, 1);
    handle.shutdown();
    assert!(stops(task).await? < SLACK);
    assert_eq!(sockets_to(hole.addr(), State::SynSent)?, 0);
    Ok(())
}

/// Rows 13, 23: a shutdown while the name server hangs, in paused time.
#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_a_lookup_that_hangs_at_once() -> Result {
    let hangs = Scripted::new([vec![Step::Wait(NEVER)]]);
    let resolver = Arc::new(hangs);
    let dialer = Dialer::new("db.example.com:5432")?.timeout(None);
    let dialer = dialer.resolver(Arc::clone(&resolver));
    let connector = TcpConnector::new(dialer, async |_, _| io::Result::Ok(End::Exit));
    let begun = Instant::now();
    let three = Duration::from_secs(3);
    let runner = complete(Checker::exact())
        .runner(connector)
        .shutdown(sleep(three));
    runner.run().await?;
    assert_eq!(begun.elapsed(), three);
    assert_eq!(resolver.asked(), ["db.example.com:5432"]);
    Ok(())
}

/// Row 23: a shutdown while waiting.
#[tokio::test]
async fn a_shutdown_ends_a_wait_at_once() -> Result {
    let addr = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let (handle, task) = checked(keeping(addr)?).grace(NEVER).spawn();
    timeout(
        SOON,
        handle
            .watch()
            .wait_for(|status| matches!(status, Status::Waiting { .. })),
    )
    .await??;
    handle.shutdown();
    assert!(stops(task).await? < SLACK);
    Ok(())
}

/// Row 23: a shutdown while connected.
#[tokio::test]
async fn a_shutdown_leaves_a_connection_its_grace_and_no_more() -> Result {
    let server = TcpListener::bind("127.0.0.1:0").await?;
    for grace in [Duration::ZERO, SLACK * 2] {
        let (handle, task) = checked(keeping(server.local_addr()?)?).grace(grace).spawn();
        let (mut stream, _) = timeout(SOON, server.accept()).await??;
        handle.connected().await?;
        handle.shutdown();
        let took = stops(task).await?;
        assert!((grace..grace + SLACK).contains(&took), "{took:?}");
        assert_eq!(timeout(SOON, stream.read(&mut [0])).await??, 0);
    }
    Ok(())
}
