//! What is set on a socket: each option as its peer or the kernel sees it.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;

use schmoozer_tcp::{DialError, Dialer, Keepalive};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

use crate::Result;
use crate::scripted::Scripted;

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
async fn an_idle_connection_is_probed_by_default() -> Result {
    let stream = dialed(&v4().await?, |dialer| dialer).await?;
    let socket = SockRef::from(&stream);
    assert!(socket.keepalive()?);
    assert_eq!(socket.tcp_keepalive_time()?, Duration::from_secs(15));
    assert_eq!(socket.tcp_keepalive_interval()?, Duration::from_secs(5));
    assert_eq!(socket.tcp_keepalive_retries()?, 3);
    assert_eq!(socket.tcp_user_timeout()?, Some(Duration::from_secs(30)));
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
    let stream = dialed(&listener, |dialer| dialer.interface("lo")).await?;
    assert_eq!(
        SockRef::from(&stream).device()?.as_deref(),
        Some(&b"lo"[..])
    );

    let dialer = Dialer::new(listener.local_addr()?)?.interface("gone0");
    let error = dialer.dial().await.expect_err("there is no such interface");
    assert!(
        error.is_transient(),
        "an interface may come up later: {error}"
    );
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
