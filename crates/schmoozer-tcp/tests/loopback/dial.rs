//! A dial on real loopback sockets: what it connects to, in what time, and what it tells when it fails.

use std::io::{self, ErrorKind};
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{DialError, Dialer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

use crate::Result;
use crate::kernel::{State, sockets_to};
use crate::scripted::{Scripted, Step};

/// How much later than planned the quickest of three dials may be.
const CLOSE: Duration = Duration::from_millis(20);
/// How much later than planned a single thing may happen, so that a busy machine fails nothing.
const SLACK: Duration = Duration::from_millis(200);
const DELAY: Duration = Duration::from_millis(100);
/// Longer than any test waits for.
const NEVER: Duration = Duration::from_secs(60);

/// Returns an address at which nothing listens.
async fn refusing(host: &str) -> io::Result<SocketAddr> {
    TcpListener::bind((host, 0)).await?.local_addr()
}

fn by_name(resolver: Scripted) -> Dialer {
    let dialer = Dialer::new("db.example.com:5432").expect("a good target");
    dialer.resolver(Arc::new(resolver)).attempt_delay(DELAY)
}

/// Dials, and returns how long that took.
async fn timed(dialer: &Dialer) -> (std::result::Result<TcpStream, DialError>, Duration) {
    let begun = Instant::now();
    let result = dialer.dial().await;
    (result, begun.elapsed())
}

/// Dials three times with the same outcome, none much slower than the others, and returns the last result
/// and the shortest time: what a busy machine adds is not the dialer's.
async fn quickest(dialer: &Dialer) -> (std::result::Result<TcpStream, DialError>, Duration) {
    let [(first, a), (second, b), (result, c)] = [
        timed(dialer).await,
        timed(dialer).await,
        timed(dialer).await,
    ];
    let worked = [first.is_ok(), second.is_ok()];
    assert_eq!(worked, [result.is_ok(); 2]);
    let (shortest, longest) = (a.min(b).min(c), a.max(b).max(c));
    assert!(longest < shortest + SLACK, "{a:?} {b:?} {c:?}");
    (result, shortest)
}

#[tokio::test]
async fn a_literal_address_is_never_looked_up() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let resolver = Arc::new(Scripted::new([vec![Step::Fail("asked")]]));
    let dialer = Dialer::new(listener.local_addr()?)?.resolver(Arc::clone(&resolver));
    assert_eq!(dialer.dial().await?.peer_addr()?, listener.local_addr()?);
    assert_eq!(resolver.asked(), [""; 0]);
    Ok(())
}

#[tokio::test]
async fn the_system_resolves_localhost() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let dialer = Dialer::new(("localhost", listener.local_addr()?.port()))?;
    assert_eq!(dialer.dial().await?.peer_addr()?, listener.local_addr()?);
    Ok(())
}

/// Row 6: a blackholed SYN.
#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
async fn a_black_hole_costs_the_timeout_and_no_more() -> Result {
    let hole = Peer::start(Behaviour::BlackHole).await?;
    let (result, took) = quickest(&Dialer::new(hole.addr())?.timeout(DELAY)).await;
    assert!((DELAY..DELAY + CLOSE).contains(&took), "{took:?}");
    let Err(DialError::Timeout { after, tried, .. }) = result else {
        panic!("{result:?}")
    };
    assert_eq!(
        (after, tried.len(), tried[0].addr),
        (DELAY, 1, Some(hole.addr()))
    );
    assert_eq!(tried[0].error.kind(), ErrorKind::TimedOut);
    assert!(tried[0].elapsed >= DELAY, "{:?}", tried[0].elapsed);
    Ok(())
}

/// Row 7: the first address is dead, the second good.
#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
async fn a_dead_first_address_costs_one_stagger() -> Result {
    let hole = Peer::start(Behaviour::BlackHole).await?;
    let good = TcpListener::bind("127.0.0.1:0").await?;
    let (result, took) = quickest(&by_name(Scripted::giving([
        hole.addr(),
        good.local_addr()?,
    ])))
    .await;
    assert_eq!(result?.peer_addr()?, good.local_addr()?);
    assert!((DELAY..DELAY + CLOSE).contains(&took), "{took:?}");
    Ok(())
}

/// Row 24: no socket is left of those that lost a race.
#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
async fn the_losers_of_a_race_are_closed_at_once() -> Result {
    let hole = Peer::start(Behaviour::BlackHole).await?;
    let good = TcpListener::bind("127.0.0.1:0").await?;
    let dialer = by_name(Scripted::giving([hole.addr(), good.local_addr()?]));
    let dialing = tokio::spawn(async move { dialer.dial().await });
    tokio::time::sleep(DELAY / 2).await;
    assert_eq!(sockets_to(hole.addr(), State::SynSent)?, 1);
    let _stream = dialing.await??;
    assert_eq!(sockets_to(hole.addr(), State::SynSent)?, 0);
    Ok(())
}

/// Row 7: where a plain connect still hangs after 4 s.
#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
async fn a_plain_connect_would_still_hang_there() -> Result {
    let hole = Peer::start(Behaviour::BlackHole).await?;
    let good = TcpListener::bind("127.0.0.1:0").await?;
    let addrs = [hole.addr(), good.local_addr()?];
    assert!(
        timeout(Duration::from_secs(4), TcpStream::connect(&addrs[..]))
            .await
            .is_err()
    );
    Ok(())
}

/// Row 8: the first address refuses, the second is good.
#[tokio::test]
async fn a_refused_first_address_costs_nothing() -> Result {
    let refusing = refusing("127.0.0.1").await?;
    let good = TcpListener::bind("127.0.0.1:0").await?;
    let dialer = by_name(Scripted::giving([refusing, good.local_addr()?])).attempt_delay(NEVER);
    let (result, took) = quickest(&dialer.timeout(None)).await;
    assert_eq!(result?.peer_addr()?, good.local_addr()?);
    assert!(took < CLOSE, "{took:?}");
    Ok(())
}

/// Row 9: all addresses fail.
#[tokio::test]
async fn every_address_that_failed_is_named_with_its_own_error() -> Result {
    let v4 = refusing("127.0.0.1").await?;
    let v6 = refusing("::1").await?;
    let unroutable = SocketAddr::from(([255, 255, 255, 255], 9));
    let (result, _) = timed(&by_name(Scripted::giving([v4, v6, unroutable]))).await;
    let error = result.expect_err("nobody listens");
    let DialError::AllFailed { tried, .. } = &error else {
        panic!("{error:?}")
    };
    let seen: Vec<_> = tried
        .iter()
        .map(|tried| (tried.addr, tried.error.kind()))
        .collect();
    let refused = ErrorKind::ConnectionRefused;
    let unreachable = ErrorKind::NetworkUnreachable;
    assert_eq!(
        seen,
        [
            (Some(v4), refused),
            (Some(v6), refused),
            (Some(unroutable), unreachable)
        ]
    );
    assert_eq!(
        error.to_string(),
        format!(
            "could not connect to db.example.com:5432: {v4} refused, {v6} refused, {unroutable} network unreachable"
        )
    );
    assert_eq!(io::Error::from(error).kind(), refused);
    Ok(())
}

/// Row 10: dead IPv6, good IPv4.
#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
async fn a_dead_ipv6_address_costs_one_stagger_however_many_there_are() -> Result {
    let holes = [
        Peer::start_at((Ipv6Addr::LOCALHOST, 0), Behaviour::BlackHole).await?,
        Peer::start_at((Ipv6Addr::LOCALHOST, 0), Behaviour::BlackHole).await?,
        Peer::start_at((Ipv6Addr::LOCALHOST, 0), Behaviour::BlackHole).await?,
    ];
    let good = TcpListener::bind("127.0.0.1:0").await?;
    let addrs = holes.iter().map(Peer::addr).chain([good.local_addr()?]);
    let (result, took) = quickest(&by_name(Scripted::giving(addrs))).await;
    assert_eq!(result?.peer_addr()?, good.local_addr()?);
    assert!((DELAY..DELAY + CLOSE).contains(&took), "{took:?}");
    Ok(())
}

/// Rows 11, 12: the name server fails, then works, or answers otherwise.
#[tokio::test]
async fn a_name_is_resolved_again_at_every_dial() -> Result {
    let first = TcpListener::bind("127.0.0.1:0").await?;
    let second = TcpListener::bind("127.0.0.1:0").await?;
    let dialer = by_name(Scripted::new([
        vec![Step::Fail("the resolver is down")],
        vec![Step::Give(first.local_addr()?)],
        vec![Step::Give(second.local_addr()?)],
    ]));
    let error = dialer.dial().await.expect_err("the resolver is down");
    assert!(error.is_transient());
    assert_eq!(
        error.to_string(),
        "could not resolve db.example.com:5432: the resolver is down"
    );
    assert_eq!(dialer.dial().await?.peer_addr()?, first.local_addr()?);
    assert_eq!(dialer.dial().await?.peer_addr()?, second.local_addr()?);
    Ok(())
}

/// Row 13: the name server hangs.
#[tokio::test(start_paused = true)]
async fn the_timeout_covers_a_lookup_that_hangs() -> Result {
    let dialer = by_name(Scripted::new([vec![Step::Wait(NEVER)]])).timeout(Duration::from_secs(3));
    let (result, took) = timed(&dialer).await;
    assert_eq!(took, Duration::from_secs(3));
    assert_eq!(
        result.expect_err("the lookup hangs").to_string(),
        "could not connect to db.example.com:5432 within 3s: db.example.com:5432 not resolved: timed out"
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_dial_takes_ten_seconds_at_most_unless_told_otherwise() -> Result {
    let hangs = || {
        by_name(Scripted::new([vec![
            Step::Wait(NEVER),
            Step::Fail("too late"),
        ]]))
    };
    let (result, took) = timed(&hangs()).await;
    assert!(
        matches!(result, Err(DialError::Timeout { .. })),
        "{result:?}"
    );
    assert_eq!(took, Duration::from_secs(10));
    let (result, took) = timed(&hangs().timeout(None)).await;
    assert!(
        matches!(result, Err(DialError::Resolve { .. })),
        "{result:?}"
    );
    assert_eq!(took, NEVER);
    Ok(())
}

#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
async fn addresses_are_never_tried_less_than_ten_milliseconds_apart() -> Result {
    let hole = Peer::start(Behaviour::BlackHole).await?;
    let good = TcpListener::bind("127.0.0.1:0").await?;
    let dialer = by_name(Scripted::giving([hole.addr(), good.local_addr()?]));
    let (result, took) = quickest(&dialer.attempt_delay(Duration::ZERO)).await;
    assert_eq!(result?.peer_addr()?, good.local_addr()?);
    let apart = Duration::from_millis(10);
    assert!((apart..apart + CLOSE).contains(&took), "{took:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn every_step_says_how_long_it_took() -> Result {
    let (brief, long) = (Duration::from_millis(30), Duration::from_millis(70));
    let dialer =
        Dialer::any_of(["a.example:1", "b.example:2", "c.example:3"])?.resolver(Scripted::new([
            vec![Step::Wait(brief), Step::Fail("no")],
            vec![Step::Wait(long), Step::Fail("no")],
            vec![Step::Wait(NEVER)],
        ]));
    let error = dialer
        .timeout(brief + long * 2)
        .dial()
        .await
        .expect_err("one fails and one hangs");
    let elapsed: Vec<_> = error.tried().iter().map(|tried| tried.elapsed).collect();
    assert_eq!(elapsed, [brief, long, long]);
    Ok(())
}

#[tokio::test]
async fn a_name_without_an_address_says_so() -> Result {
    let error = by_name(Scripted::giving([]))
        .dial()
        .await
        .expect_err("there is no address");
    assert!(matches!(error, DialError::NoAddress { .. }), "{error:?}");
    assert!(error.is_transient());
    assert_eq!(io::Error::from(error).kind(), ErrorKind::NotFound);
    Ok(())
}

#[tokio::test]
async fn an_address_is_used_while_others_are_still_being_looked_up() -> Result {
    let good = TcpListener::bind("[::1]:0").await?;
    let dialer = by_name(Scripted::new([vec![
        Step::Give(good.local_addr()?),
        Step::Wait(NEVER),
    ]]));
    let (result, took) = timed(&dialer).await;
    assert_eq!(result?.peer_addr()?, good.local_addr()?);
    assert!(took < SLACK, "{took:?}");
    Ok(())
}

#[tokio::test]
async fn an_ipv4_address_waits_for_ipv6_no_longer_than_the_resolution_delay() -> Result {
    let v4 = TcpListener::bind("127.0.0.1:0").await?;
    let v6 = TcpListener::bind("[::1]:0").await?;
    let resolution_delay = Duration::from_millis(50);
    let dialer = by_name(Scripted::new([
        vec![Step::Give(v4.local_addr()?), Step::Wait(NEVER)],
        vec![
            Step::Give(v4.local_addr()?),
            Step::Wait(resolution_delay / 2),
            Step::Give(v6.local_addr()?),
        ],
    ]));
    let (late, took) = timed(&dialer).await;
    assert_eq!(late?.peer_addr()?, v4.local_addr()?);
    assert!(
        (resolution_delay..resolution_delay + SLACK).contains(&took),
        "{took:?}"
    );
    let (soon, _) = timed(&dialer).await;
    assert_eq!(soon?.peer_addr()?, v6.local_addr()?);
    Ok(())
}

#[tokio::test]
async fn addresses_that_came_before_the_lookup_failed_are_tried() -> Result {
    let good = TcpListener::bind("127.0.0.1:0").await?;
    let dialer = by_name(Scripted::new([vec![
        Step::Give(good.local_addr()?),
        Step::Fail("half of it failed"),
    ]]));
    assert_eq!(dialer.dial().await?.peer_addr()?, good.local_addr()?);
    Ok(())
}
