//! What is set on a socket: each option as its peer or the kernel sees it.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use schmoozer_tcp::{DialError, Dialer, Family};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};

use crate::Result;
use crate::scripted::Scripted;

const SECOND: Duration = Duration::from_secs(1);

pub(crate) async fn v4() -> Result<TcpListener> {
    Ok(TcpListener::bind("127.0.0.1:0").await?)
}

pub(crate) async fn dialed(
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

/// Row 14: on every system, as far as each can be asked.
#[tokio::test]
async fn an_idle_connection_is_probed_unless_told_otherwise() -> Result {
    let listener = v4().await?;
    let by_default = dialed(&listener, |dialer| dialer).await?;
    let set = dialed(&listener, |dialer| dialer.dead_after(SECOND * 20)).await?;
    let off = dialed(&listener, |dialer| dialer.dead_after(None)).await?;
    for (stream, probed) in [(by_default, true), (set, true), (off, false)] {
        assert_eq!(SockRef::from(&stream).keepalive()?, probed);
    }
    Ok(())
}

#[tokio::test]
async fn the_connection_comes_from_the_local_address() -> Result {
    // macOS and the BSDs have the first loopback address alone.
    let last = if cfg!(any(target_os = "linux", windows)) {
        2
    } else {
        1
    };
    let local = IpAddr::from([127, 0, 0, last]);
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
async fn buffers_have_the_size_that_was_asked_for() -> Result {
    let stream = dialed(&v4().await?, |dialer| {
        dialer.send_buffer(50_000).recv_buffer(40_000)
    })
    .await?;
    let socket = SockRef::from(&stream);
    // Linux doubles them, and others may round them up.
    let times = if cfg!(target_os = "linux") { 2 } else { 1 };
    assert!(socket.send_buffer_size()? >= 50_000 * times);
    assert!(socket.recv_buffer_size()? >= 40_000 * times);
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
        format!("could not connect to {v6}: not tried, the dialer takes addresses of IPv4 alone")
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
