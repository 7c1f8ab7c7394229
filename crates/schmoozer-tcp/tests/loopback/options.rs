//! What is set on a socket: each option as its peer or the kernel sees it.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use schmoozer_tcp::{DialError, Dialer, Family, Keepalive};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::Result;
use crate::scripted::Scripted;

const SECOND: Duration = Duration::from_secs(1);
const MEGABYTES: usize = 32_000_000;

async fn v4() -> Result<TcpListener> {
    Ok(TcpListener::bind("127.0.0.1:0").await?)
}

async fn dialed(
    listener: &TcpListener,
    options: impl FnOnce(Dialer) -> Dialer,
) -> Result<TcpStream> {
    Ok(options(Dialer::new(listener.local_addr()?)?).dial().await?)
}

#[tokio::test]
async fn small_writes_go_out_at_once_unless_told_otherwise() -> Result {
    let listener = v4().await?;
    assert!(dialed(&listener, |dialer| dialer).await?.nodelay()?);
    assert!(
        !dialed(&listener, |dialer| dialer.nodelay(false))
            .await?
            .nodelay()?
    );
    Ok(())
}

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
async fn the_connection_comes_from_the_local_address() -> Result {
    let local = IpAddr::from([127, 0, 0, 2]);
    let listener = v4().await?;
    let _stream = dialed(&listener, |dialer| dialer.local_addr(local)).await?;
    assert_eq!(listener.accept().await?.1.ip(), local);
    Ok(())
}

#[tokio::test]
async fn a_local_address_that_is_not_ours_is_final() -> Result {
    let listener = v4().await?;
    let dialer = Dialer::new(listener.local_addr()?)?.local_addr(IpAddr::from([203, 0, 113, 1]));
    let error = dialer.dial().await.expect_err("the address is not ours");
    assert!(!error.is_transient());
    let addr = listener.local_addr()?;
    assert_eq!(
        error.to_string(),
        format!("could not connect to {addr}: the local address is not ours")
    );
    assert!(!schmoozer_tcp::is_transient(&error.into()));
    Ok(())
}

#[tokio::test]
async fn a_local_address_leaves_out_the_other_family() -> Result {
    let v4 = v4().await?;
    let v6 = TcpListener::bind("[::1]:0").await?;
    let both = Scripted::giving([v6.local_addr()?, v4.local_addr()?]);
    let dialer = Dialer::new("both.example:80")?
        .resolver(both)
        .local_addr(IpAddr::from([127, 0, 0, 1]));
    assert_eq!(dialer.dial().await?.peer_addr()?, v4.local_addr()?);

    let v6_only = dialer.resolver(Scripted::giving([v6.local_addr()?]));
    let error = v6_only.dial().await.expect_err("there is no IPv4 address");
    let DialError::AllFailed { tried, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(tried[0].error.kind(), ErrorKind::Unsupported);
    assert!(!error.is_transient());
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
async fn buffers_have_the_size_that_was_asked_for() -> Result {
    let stream = dialed(&v4().await?, |dialer| {
        dialer.send_buffer(50_000).recv_buffer(40_000)
    })
    .await?;
    let socket = SockRef::from(&stream);
    assert_eq!(
        (socket.send_buffer_size()?, socket.recv_buffer_size()?),
        (100_000, 80_000)
    );
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

#[tokio::test]
async fn one_family_alone_is_connected_to() -> Result {
    let v4 = v4().await?.local_addr()?;
    let listener = TcpListener::bind("[::1]:0").await?;
    let v6 = listener.local_addr()?;
    let both = Dialer::new("both.example:80")?.resolver(Scripted::giving([v4, v6]));
    let only = both.clone().family(Family::V6).dial().await?;
    assert_eq!(only.peer_addr()?, v6);

    let v4_only = both.clone().resolver(Scripted::giving([v4]));
    let error = v4_only
        .family(Family::V6)
        .dial()
        .await
        .expect_err("none is of IPv6");
    assert_eq!(error.to_string(), "both.example:80 has no address of IPv6");
    assert!(matches!(error, DialError::NoAddress { .. }), "{error:?}");

    let error = Dialer::new(v6)?.family(Family::V4).dial().await;
    assert_eq!(
        error.expect_err("it is of IPv6").to_string(),
        format!("could not connect to {v6}: not tried, the dialer takes IPv4 alone")
    );
    Ok(())
}

#[tokio::test]
async fn what_is_done_before_connecting_is_done_to_each_socket_and_may_fail() -> Result {
    let listener = v4().await?;
    let addr = listener.local_addr()?;
    let dialer = Dialer::new(addr)?.before_connect(move |socket, to: SocketAddr| {
        assert_eq!(to, addr);
        assert!(socket.tcp_nodelay()?, "the dialer's own options come first");
        socket.set_linger(Some(SECOND * 7))
    });
    for _ in 0..2 {
        let stream = dialer.dial().await?;
        assert_eq!(SockRef::from(&stream).linger()?, Some(SECOND * 7));
    }
    let failing = dialer.before_connect(|_, _| Err(std::io::Error::other("no such mark")));
    assert_eq!(
        failing
            .dial()
            .await
            .expect_err("the hook fails")
            .to_string(),
        format!("could not connect to {addr}: before_connect: no such mark")
    );
    Ok(())
}
