//! Several endpoints: which one a dial begins with, and when it goes on to the next.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{DialError, Dialer, Order, Target};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::Result;
use crate::scripted::{Scripted, Step};

/// How much later than planned the quickest of three dials may be.
const CLOSE: Duration = Duration::from_millis(20);
const SLACK: Duration = Duration::from_millis(200);
const DELAY: Duration = Duration::from_millis(100);

async fn listeners() -> Result<([TcpListener; 3], [SocketAddr; 3])> {
    let listen = || TcpListener::bind("127.0.0.1:0");
    let listeners = [listen().await?, listen().await?, listen().await?];
    let addrs = [
        listeners[0].local_addr()?,
        listeners[1].local_addr()?,
        listeners[2].local_addr()?,
    ];
    Ok((listeners, addrs))
}

async fn used(dialer: &Dialer) -> Result<SocketAddr> {
    Ok(dialer.dial().await?.peer_addr()?)
}

#[tokio::test]
async fn in_turn_each_dial_goes_to_the_next_endpoint() -> Result {
    let (_listeners, [a, b, c]) = listeners().await?;
    let dialer = Dialer::any_of([a, b, c])?;
    let clone = dialer.clone();
    assert_eq!((used(&dialer).await?, used(&clone).await?), (a, b));
    assert_eq!((used(&dialer).await?, used(&clone).await?), (c, a));
    Ok(())
}

#[tokio::test]
async fn in_turn_skips_what_is_down_and_goes_on_from_what_was_used() -> Result {
    let ([a, b, c], [addr_a, addr_b, addr_c]) = listeners().await?;
    let dialer = Dialer::any_of([addr_a, addr_b, addr_c])?;
    drop(a);
    assert_eq!(used(&dialer).await?, addr_b);
    assert_eq!(used(&dialer).await?, addr_c);
    assert_eq!(used(&dialer).await?, addr_b);
    drop((b, c));
    Ok(())
}

#[tokio::test]
async fn failover_comes_back_to_the_first_at_the_next_dial() -> Result {
    let ([a, _b, _c], addrs) = listeners().await?;
    let dialer = Dialer::any_of(addrs)?.order(Order::Failover);
    assert_eq!(used(&dialer).await?, addrs[0]);
    drop(a);
    assert_eq!(used(&dialer).await?, addrs[1]);
    let _a_again = TcpListener::bind(addrs[0]).await?;
    assert_eq!(used(&dialer).await?, addrs[0]);
    assert_eq!(used(&dialer).await?, addrs[0]);
    Ok(())
}

#[tokio::test]
async fn shuffled_uses_every_endpoint() -> Result {
    let (_listeners, addrs) = listeners().await?;
    let dialer = Dialer::any_of(addrs)?.order(Order::Shuffled);
    let mut seen = [0; 3];
    // The chance that one of three is never drawn in 60 is 1 in 10 billion.
    for _ in 0..60 {
        let used = used(&dialer).await?;
        seen[addrs
            .iter()
            .position(|addr| *addr == used)
            .ok_or("none of them")?] += 1;
    }
    assert!(seen.iter().all(|&n| n > 0), "{seen:?}");
    Ok(())
}

/// Row 7: the first endpoint is dead, the second good.
#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
async fn a_dead_endpoint_costs_one_stagger() -> Result {
    let hole = Peer::start(Behaviour::BlackHole).await?;
    let (_listeners, [good, ..]) = listeners().await?;
    // The quickest of three: what a busy machine adds is not the dialer's. Each a new one, because a dialer
    // goes on from the endpoint that it used.
    let mut quickest = Duration::MAX;
    for _ in 0..3 {
        let dialer = Dialer::any_of([hole.addr(), good])?.attempt_delay(DELAY);
        let begun = Instant::now();
        assert_eq!(used(&dialer).await?, good);
        quickest = quickest.min(begun.elapsed());
    }
    assert!((DELAY..DELAY + CLOSE).contains(&quickest), "{quickest:?}");
    Ok(())
}

#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
async fn endpoints_are_never_tried_less_than_ten_milliseconds_apart() -> Result {
    let hole = Peer::start(Behaviour::BlackHole).await?;
    let (_listeners, [good, ..]) = listeners().await?;
    let mut addrs = vec![hole.addr(); 20];
    addrs.push(good);
    let dialer = Dialer::any_of(addrs)?.order(Order::Failover);
    let begun = Instant::now();
    assert_eq!(used(&dialer.endpoint_delay(Duration::ZERO)).await?, good);
    let apart = Duration::from_millis(10) * 20;
    assert!(begun.elapsed() >= apart, "{:?}", begun.elapsed());
    Ok(())
}

#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
async fn failover_gives_the_first_endpoint_longer_for_itself() -> Result {
    let hole = Peer::start(Behaviour::BlackHole).await?;
    let (_listeners, [good, ..]) = listeners().await?;
    let dialer = Dialer::any_of([hole.addr(), good])?.order(Order::Failover);
    let begun = Instant::now();
    assert_eq!(used(&dialer).await?, good);
    let two_seconds = Duration::from_secs(2);
    assert!(
        (two_seconds..two_seconds + SLACK).contains(&begun.elapsed()),
        "{:?}",
        begun.elapsed()
    );

    let slow = dialer.clone().attempt_delay(two_seconds);
    for told in [slow.endpoint_delay(DELAY), dialer.attempt_delay(DELAY)] {
        let begun = Instant::now();
        assert_eq!(used(&told).await?, good);
        assert!(
            (DELAY..DELAY + SLACK).contains(&begun.elapsed()),
            "{:?}",
            begun.elapsed()
        );
    }
    Ok(())
}

#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
async fn failover_reaches_the_last_endpoint_within_its_time() -> Result {
    let hole = || Peer::start(Behaviour::BlackHole);
    let holes = [hole().await?, hole().await?, hole().await?];
    let (_listeners, [good, ..]) = listeners().await?;
    let addrs = [holes[0].addr(), holes[1].addr(), holes[2].addr(), good];
    // Two seconds each would take six.
    let dialer = Dialer::any_of(addrs)?
        .order(Order::Failover)
        .timeout(DELAY * 12);
    let begun = Instant::now();
    assert_eq!(used(&dialer).await?, good);
    assert!(begun.elapsed() >= DELAY * 9, "{:?}", begun.elapsed());
    Ok(())
}

#[tokio::test]
async fn a_name_that_does_not_resolve_gives_way_to_the_next_at_once() -> Result {
    let (_listeners, [good, ..]) = listeners().await?;
    let resolver = Arc::new(Scripted::new([
        vec![Step::Fail("no such name")],
        vec![Step::Give(good)],
    ]));
    let dialer = Dialer::any_of(["a.example:1", "b.example:2"])?.resolver(Arc::clone(&resolver));
    assert_eq!(used(&dialer).await?, good);
    assert_eq!(resolver.asked(), ["a.example:1", "b.example:2"]);
    Ok(())
}

#[tokio::test]
async fn a_name_that_is_not_needed_is_not_looked_up() -> Result {
    let (_listeners, [good, ..]) = listeners().await?;
    let resolver = Arc::new(Scripted::giving([good]));
    let dialer = Dialer::any_of(["a.example:1", "b.example:2"])?.resolver(Arc::clone(&resolver));
    assert_eq!(used(&dialer).await?, good);
    assert_eq!(resolver.asked(), ["a.example:1"]);
    Ok(())
}

#[tokio::test]
async fn the_error_tells_of_every_endpoint() -> Result {
    let ([a, ..], [addr, ..]) = listeners().await?;
    drop(a);
    let targets = [addr.to_string(), "b.example:2".to_owned()];
    let resolver = Scripted::new([vec![Step::Fail("no such name")]]);
    let error = Dialer::any_of(targets)?
        .resolver(resolver)
        .dial()
        .await
        .expect_err("nothing is up");
    assert_eq!(
        error.to_string(),
        format!(
            "could not connect to {addr} or b.example:2: {addr} refused, b.example:2 not resolved: no such name"
        )
    );
    let DialError::AllFailed { tried, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!((tried[0].addr, tried[1].addr), (Some(addr), None));
    assert_eq!(tried[1].target.to_string(), "b.example:2");
    Ok(())
}

#[tokio::test]
async fn targets_that_were_checked_before_are_taken_as_they_are() -> Result {
    let (_listeners, [a, b, _]) = listeners().await?;
    let targets = [Target::try_from(a)?, b.to_string().parse()?];
    let dialer = Dialer::any_of(targets.clone())?;
    assert_eq!(dialer.targets(), targets);
    assert_eq!((used(&dialer).await?, used(&dialer).await?), (a, b));
    Ok(())
}

#[test]
fn a_malformed_endpoint_is_refused_when_the_dialer_is_built() {
    let refused = Dialer::any_of(["a.example:1", "b.example"]).expect_err("the second has no port");
    assert_eq!(
        refused.to_string(),
        "malformed target: the port is missing after \"b.example\", expected host:port"
    );
    let none = Dialer::any_of([""; 0]).expect_err("there is none");
    assert_eq!(none.to_string(), "malformed target: no target was given");
}
