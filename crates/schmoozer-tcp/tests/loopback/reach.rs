//! Lists with a dead head, and servers that take connections and close them: what is good is reached all the same.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{Dialer, End, Order, Session, Status, TcpConnector, closed};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::connector::until_goodbye;
use crate::scripted::Scripted;
use crate::{Result, checked, checker};

const STAGGER: Duration = Duration::from_millis(20);
const SLACK: Duration = Duration::from_millis(300);
const LIMIT: Duration = Duration::from_secs(8);
/// How long a connection of these tests must last.
const STABLE: Duration = Duration::from_millis(300);

/// Returns so many addresses that swallow every SYN, and the hole that they lead to.
async fn dead(count: u8) -> Result<(Peer, Vec<SocketAddr>)> {
    let hole = Peer::start_at((Ipv4Addr::UNSPECIFIED, 0), Behaviour::BlackHole).await?;
    let port = hole.addr().port();
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
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
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

/// Row 45: a dial that timed out starts the next one where it stopped, and so does one that has tried all it may.
#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
async fn a_good_one_behind_many_dead_ones_is_reached_within_some_dials() -> Result {
    let (_hole, mut addrs) = dead(64).await?;
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

/// Row 45: the same when it is the loop's timeout that ends the dials.
#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
async fn a_good_one_behind_many_dead_ones_is_reached_though_the_loop_cuts_the_dials() -> Result {
    let (_hole, mut addrs) = dead(20).await?;
    let good = TcpListener::bind("127.0.0.1:0").await?;
    addrs.push(good.local_addr()?);
    for dialer in dialers(&addrs)? {
        let connector = TcpConnector::new(dialer, until_goodbye).retry([STAGGER; 100]);
        let runner = checked(connector).connect_timeout(STAGGER * 5);
        let (handle, kept) = runner.spawn();
        timeout(LIMIT, handle.connected()).await??;
        assert!(handle.stats().attempts <= 20, "{:?}", handle.stats());
        kept.abort();
    }
    Ok(())
}

/// Keeps a connection with `dialer`; returns the first attempt that met a server which holds its connections.
async fn first_held(dialer: Dialer) -> Result<usize> {
    let (connected, mut seen) = mpsc::unbounded_channel();
    let connector = TcpConnector::new(dialer, move |stream: TcpStream, _: Session| {
        let connected = connected.clone();
        async move {
            let _ = connected.send(());
            stream.readable().await?;
            Err::<End, _>(closed())
        }
    })
    .retry([Duration::from_millis(10); 100]);
    let kept = tokio::spawn(checked(connector).run());
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

/// Row 44: a primary that accepts and closes gives way to the spare, in every order, and so does one address of a name.
#[tokio::test]
async fn a_server_that_accepts_and_closes_gives_way_to_one_that_is_well() -> Result {
    let closing = Peer::start(Behaviour::Close).await?;
    let holds = TcpListener::bind("127.0.0.2:0").await?;
    let addrs = [closing.addr(), holds.local_addr()?];
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
    let closing = [
        Peer::start(Behaviour::Close).await?,
        Peer::start(Behaviour::Close).await?,
    ];
    let dialer = Dialer::any_of(closing.each_ref().map(Peer::addr))?.order(Order::Failover);
    assert_eq!(first_held(dialer).await?, 21);
    Ok(())
}

/// Row 44: a connection that is reconnected before it is stable is as good as failed.
#[tokio::test]
async fn a_reconnect_before_it_is_stable_goes_to_another_endpoint() -> Result {
    let [first, second] = [
        Peer::start(Behaviour::Echo).await?,
        Peer::start(Behaviour::Echo).await?,
    ];
    let dialer = Dialer::any_of([first.addr(), second.addr()])?.order(Order::Failover);
    let connector = TcpConnector::new(dialer, until_goodbye).stable_after(STABLE);
    let runner = checker().stable_after(STABLE).with_requests();
    let (handle, task) = runner.runner(connector).spawn();
    first.live(1).await?;
    handle.connected().await?;
    handle.reconnect();
    second.live(1).await?;
    // That one is stable, and so the next dial begins with it, or with the first: it is the order that counts.
    let is_stable = |status: &Status| matches!(status, Status::Connected { stable: true, .. });
    timeout(LIMIT, handle.watch().wait_for(is_stable)).await??;
    handle.reconnect();
    first.live(1).await?;
    assert_eq!(handle.stats().failures, 0);
    handle.shutdown();
    timeout(LIMIT, task).await???;
    Ok(())
}

/// How a handler of these tests takes that it must stop.
#[derive(Clone, Copy, Debug)]
enum Takes {
    Goodbye,
    Error,
    NoNotice,
}

async fn takes(how: Takes, mut stream: TcpStream, session: Session) -> std::io::Result<End> {
    match how {
        Takes::NoNotice => {
            stream.read_u8().await?;
            Err(closed())
        }
        Takes::Error => {
            session.stopping().await;
            Err(closed())
        }
        Takes::Goodbye => Ok(session.stopping().await),
    }
}

/// Row 44: a renewal or a shutdown says nothing about an endpoint, however the handler takes it.
#[tokio::test]
async fn a_renewal_or_a_shutdown_goes_back_to_the_same_endpoint() -> Result {
    for how in [Takes::Goodbye, Takes::Error, Takes::NoNotice] {
        let [first, second] = [
            Peer::start(Behaviour::Echo).await?,
            Peer::start(Behaviour::Echo).await?,
        ];
        let dialer = Dialer::any_of([first.addr(), second.addr()])?.order(Order::Failover);
        let serve = move |stream, session| takes(how, stream, session);
        let mut connector = TcpConnector::new(dialer, serve);
        for round in [1, 3] {
            let runner = checker().with_requests().runner(&mut connector);
            let handle = runner.handle();
            let operator = async {
                first.accepted(round).await?;
                handle.connected().await?;
                handle.renew();
                first.accepted(round + 1).await?;
                handle.connected().await?;
                handle.shutdown();
                Result::Ok(())
            };
            let (ended, operated) = tokio::join!(timeout(LIMIT, runner.run()), operator);
            operated?;
            ended??;
        }
        assert_eq!(second.counts().accepted, 0, "{how:?}");
    }
    Ok(())
}
