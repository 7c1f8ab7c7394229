//! Lists with a dead head, and servers that take connections and close them: what is good is reached all the same.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use schmoozer_tcp::{Dialer, Order, TcpConnector};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::Result;
use crate::black_hole::BlackHole;
use crate::scripted::Scripted;

const STAGGER: Duration = Duration::from_millis(20);
const SLACK: Duration = Duration::from_millis(300);
const LIMIT: Duration = Duration::from_secs(8);

/// Returns so many addresses that swallow every SYN, and the hole that they lead to.
async fn dead(count: u8) -> Result<(BlackHole, Vec<SocketAddr>)> {
    let hole = BlackHole::at("0.0.0.0").await?;
    let port = hole.addr.port();
    let addrs = (1..=count).map(|i| SocketAddr::from(([127, 0, 1, i], port)));
    Ok((hole, addrs.collect()))
}

fn dialers(addrs: &[SocketAddr]) -> Result<[Dialer; 3]> {
    let resolver = Scripted::giving(addrs.iter().copied());
    let name = Dialer::new("db.example.com:5432")?.resolver(resolver);
    let in_turn = Dialer::any_of(addrs.to_vec())?;
    // Not a clone, which would learn from the other.
    let failover = Dialer::any_of(addrs.to_vec())?.order(Order::Failover);
    Ok([name, in_turn, failover].map(|dialer| dialer.attempt_delay(STAGGER)))
}

/// Row 45: a good address or endpoint behind 15, 16 or 20 dead ones is reached within one dial that has the time.
#[tokio::test]
async fn a_good_one_behind_many_dead_ones_is_reached_within_one_dial() -> Result {
    let (_hole, addrs) = dead(20).await?;
    let good = TcpListener::bind("127.0.0.1:0").await?;
    for count in [15, 16, 20] {
        let mut some = addrs[..count].to_vec();
        some.push(good.local_addr()?);
        for dialer in dialers(&some)? {
            let begun = Instant::now();
            let stream = dialer.dial().await?;
            assert_eq!(stream.peer_addr()?, good.local_addr()?);
            let least = STAGGER * u32::try_from(count)?;
            let took = begun.elapsed();
            assert!(
                (least..least * 2 + SLACK).contains(&took),
                "{count}: {took:?}"
            );
        }
    }
    Ok(())
}

/// Row 45: a dial that timed out starts the next one where it stopped.
#[tokio::test]
async fn a_good_one_behind_many_dead_ones_is_reached_within_some_dials() -> Result {
    let (_hole, mut addrs) = dead(63).await?;
    let good = TcpListener::bind("127.0.0.1:0").await?;
    addrs.push(good.local_addr()?);
    for dialer in dialers(&addrs)? {
        // Enough for 25 of them, if nothing is late.
        let dialer = dialer.timeout(STAGGER * 25);
        let begun = Instant::now();
        let mut dials = 1;
        while dialer.dial().await.is_err() {
            dials += 1;
            assert!(begun.elapsed() < LIMIT, "{dials} dials");
        }
        assert!((3..=20).contains(&dials), "{dials}");
    }
    Ok(())
}

/// Keeps a connection with `dialer`; returns the first attempt that met a server which holds its connections.
async fn first_held(dialer: Dialer) -> Result<usize> {
    let (connected, mut seen) = mpsc::unbounded_channel();
    let connector = TcpConnector::new(dialer, move |stream| {
        let connected = connected.clone();
        async move {
            let _ = connected.send(());
            stream.readable().await?;
            Err::<(), std::io::Error>(std::io::ErrorKind::UnexpectedEof.into())
        }
    })
    .delays([Duration::from_millis(10); 100]);
    let kept = tokio::spawn(schmoozer_tcp::run(connector));
    let mut attempts = 0;
    // A connection that is not replaced is held.
    while timeout(SLACK, seen.recv()).await.is_ok() {
        attempts += 1;
        if attempts > 20 {
            break;
        }
    }
    kept.abort();
    Ok(attempts)
}

async fn accept_and_close(host: Ipv4Addr) -> Result<SocketAddr> {
    let listener = TcpListener::bind((host, 0)).await?;
    let addr = listener.local_addr()?;
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    Ok(addr)
}

/// Row 44: a primary that accepts and closes gives way to the spare, in every order, and so does one address of a name.
#[tokio::test]
async fn a_server_that_accepts_and_closes_gives_way_to_one_that_is_well() -> Result {
    let closes = accept_and_close(Ipv4Addr::LOCALHOST).await?;
    let holds = TcpListener::bind("127.0.0.2:0").await?;
    let addrs = [closes, holds.local_addr()?];
    let resolver = Arc::new(Scripted::giving(addrs));
    let name = Dialer::new("db.example.com:5432")?.resolver(resolver);
    assert_eq!(first_held(name).await?, 2);
    for order in [Order::Failover, Order::InTurn] {
        let dialer = Dialer::any_of(addrs)?.order(order);
        assert_eq!(first_held(dialer).await?, 2, "{order:?}");
    }
    let shuffled = Dialer::any_of(addrs)?.order(Order::Shuffled);
    assert!(first_held(shuffled).await? <= 2);
    Ok(())
}

/// Row 44: when all have failed, the order starts again, so that one which is well by then is found.
#[tokio::test]
async fn a_primary_that_is_well_again_is_found_when_the_spare_fails_too() -> Result {
    let closes = [
        accept_and_close(Ipv4Addr::LOCALHOST).await?,
        accept_and_close(Ipv4Addr::LOCALHOST).await?,
    ];
    let dialer = Dialer::any_of(closes)?.order(Order::Failover);
    assert_eq!(first_held(dialer).await?, 21);
    Ok(())
}
