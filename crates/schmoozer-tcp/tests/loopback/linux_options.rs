//! What is set on a socket that Linux alone has, or shows: each option as the kernel sees it.

use std::io::ErrorKind;
use std::time::Duration;

use schmoozer_tcp::{Dialer, Keepalive};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::options::{dialed, v4};
use crate::Result;

const SECOND: Duration = Duration::from_secs(1);
const MEGABYTES: usize = 32_000_000;

#[tokio::test]
async fn a_dead_peer_is_looked_for_by_default_and_within_the_time_that_is_set() -> Result {
    let listener = v4().await?;
    let by_default = dialed(&listener, |dialer| dialer).await?;
    let set = dialed(&listener, |dialer| dialer.dead_after(SECOND * 20)).await?;
    for (stream, idle, interval, user_timeout) in
        [(by_default, 30, 9, 56_250), (set, 10, 3, 18_750)]
    {
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive()?);
        assert_eq!(socket.tcp_keepalive_time()?, SECOND * idle);
        assert_eq!(socket.tcp_keepalive_interval()?, SECOND * interval);
        assert_eq!(socket.tcp_keepalive_retries()?, 3);
        let user_timeout = Duration::from_millis(user_timeout);
        assert_eq!(socket.tcp_user_timeout()?, Some(user_timeout));
    }
    Ok(())
}

#[tokio::test]
async fn a_dead_peer_is_left_to_the_system_if_so_asked() -> Result {
    let stream = dialed(&v4().await?, |dialer| dialer.dead_after(None)).await?;
    let socket = SockRef::from(&stream);
    assert!(!socket.keepalive()?);
    assert_eq!(socket.tcp_user_timeout()?, None);
    Ok(())
}

/// Row 49: the user timeout, which overrides a keepalive's count, is no shorter than a keepalive that was set.
#[tokio::test]
async fn a_keepalive_that_was_set_is_not_cut_short() -> Result {
    let listener = v4().await?;
    let patient = Keepalive::new()
        .idle(SECOND * 35)
        .interval(SECOND * 4)
        .count(10);
    let longer = dialed(&listener, |dialer| dialer.keepalive(patient)).await?;
    assert_eq!(
        SockRef::from(&longer).tcp_user_timeout()?,
        Some(SECOND * 75)
    );
    let none = dialed(&listener, |dialer| {
        dialer.keepalive(patient).dead_after(None)
    })
    .await?;
    assert_eq!(SockRef::from(&none).tcp_user_timeout()?, None);
    assert_eq!(SockRef::from(&none).tcp_keepalive_retries()?, 10);
    let asked = |dialer: Dialer| dialer.keepalive(patient).user_timeout(SECOND * 5);
    let asked = dialed(&listener, asked).await?;
    assert_eq!(SockRef::from(&asked).tcp_user_timeout()?, Some(SECOND * 5));
    Ok(())
}

/// Sends more than the windows take to a peer that reads nothing for a while, and returns how much came.
async fn sent_to_a_peer_that_pauses(
    pause: Duration,
    options: impl FnOnce(Dialer) -> Dialer,
) -> Result<std::io::Result<usize>> {
    let listener = v4().await?;
    let mut stream = dialed(&listener, options).await?;
    let (mut peer, _) = listener.accept().await?;
    let reading = tokio::spawn(async move {
        tokio::time::sleep(pause).await;
        let mut all = Vec::new();
        peer.read_to_end(&mut all).await.map(|_| all.len())
    });
    let sent = stream.write_all(&vec![7; MEGABYTES]).await;
    drop(stream);
    let read = reading.await?;
    Ok(sent.and(read))
}

/// Row 48: a live peer that reads nothing for a while keeps its connection, unless that is longer than `dead_after`.
#[tokio::test]
async fn a_live_peer_that_reads_nothing_for_a_while_gets_every_byte() -> Result {
    let pause = SECOND * 5;
    let (by_default, off, shorter) = tokio::join!(
        sent_to_a_peer_that_pauses(pause, |dialer| dialer),
        sent_to_a_peer_that_pauses(pause, |dialer| dialer.dead_after(None)),
        sent_to_a_peer_that_pauses(pause, |dialer| dialer.dead_after(SECOND)),
    );
    assert_eq!((by_default??, off??), (MEGABYTES, MEGABYTES));
    // What the documentation says that it costs.
    let kind = shorter?.map_err(|error| error.kind());
    assert_eq!(kind, Err(ErrorKind::TimedOut));
    Ok(())
}

#[tokio::test]
async fn keepalive_is_as_it_was_set() -> Result {
    let keepalive = Keepalive::new()
        .idle(Duration::from_secs(60))
        .interval(Duration::from_millis(2_500))
        .count(9);
    let stream = dialed(&v4().await?, |dialer| dialer.keepalive(keepalive)).await?;
    let socket = SockRef::from(&stream);
    assert_eq!(socket.tcp_keepalive_time()?, Duration::from_secs(60));
    assert_eq!(socket.tcp_keepalive_interval()?, Duration::from_secs(3));
    assert_eq!(socket.tcp_keepalive_retries()?, 9);
    Ok(())
}

#[tokio::test]
async fn probing_can_be_turned_off() -> Result {
    let stream = dialed(&v4().await?, |dialer| {
        dialer.keepalive(None).user_timeout(None)
    })
    .await?;
    let socket = SockRef::from(&stream);
    assert!(!socket.keepalive()?);
    assert_eq!(socket.tcp_user_timeout()?, None);
    Ok(())
}

#[tokio::test]
async fn the_user_timeout_is_as_it_was_set_within_the_kernels_bounds() -> Result {
    for (given, set) in [
        (Duration::from_millis(1_500), Duration::from_millis(1_500)),
        (Duration::ZERO, Duration::from_millis(1)),
        (Duration::MAX, Duration::from_millis(2_147_483_647)),
    ] {
        let stream = dialed(&v4().await?, |dialer| dialer.user_timeout(given)).await?;
        assert_eq!(SockRef::from(&stream).tcp_user_timeout()?, Some(set));
    }
    Ok(())
}

#[tokio::test]
async fn the_connection_goes_through_the_interface() -> Result {
    let listener = v4().await?;
    let dialer = Dialer::new(listener.local_addr()?)?;
    let stream = dialer.clone().interface("lo")?.dial().await?;
    assert_eq!(
        SockRef::from(&stream).device()?.as_deref(),
        Some(&b"lo"[..])
    );

    let gone = dialer.clone().interface("gone0")?;
    let error = gone.dial().await.expect_err("there is no such interface");
    assert!(
        error.is_transient(),
        "an interface may come up later: {error}"
    );
    // Row 64: not any interface, silently.
    for malformed in ["", "lo\0tun0", "abcdefghijklmnop"] {
        let refused = dialer.clone().interface(malformed).expect_err("refused");
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    }
    Ok(())
}

#[tokio::test]
async fn packets_are_marked_in_both_families() -> Result {
    let expedited = 46 << 2;
    let stream = dialed(&v4().await?, |dialer| dialer.tos(expedited)).await?;
    assert_eq!(SockRef::from(&stream).tos_v4()?, 184);
    let v6 = TcpListener::bind("[::1]:0").await?;
    let stream = dialed(&v6, |dialer| dialer.tos(expedited)).await?;
    assert_eq!(SockRef::from(&stream).tclass_v6()?, 184);
    Ok(())
}

#[tokio::test]
async fn packets_to_an_ipv4_mapped_address_are_marked_too() -> Result {
    let listener = v4().await?;
    let mapped = format!("[::ffff:127.0.0.1]:{}", listener.local_addr()?.port());
    let stream = Dialer::new(mapped)?.tos(46 << 2).dial().await?;
    assert_eq!(SockRef::from(&stream).tos_v4()?, 184);
    Ok(())
}
