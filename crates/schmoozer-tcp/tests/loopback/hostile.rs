//! Servers, resolvers and settings that mean no good.

use std::iter;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use schmoozer_tcp::{DialError, Dialer, Keepalive, TcpConnector, closed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::scripted::Scripted;
use crate::{Result, checked};

#[tokio::test]
async fn a_resolver_that_answers_nonsense_costs_nothing() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let good = listener.local_addr()?;
    let nonsense = [
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        SocketAddr::from((Ipv4Addr::BROADCAST, 7)),
    ];
    let answers = nonsense.into_iter().cycle().take(10_000);
    // No stagger fits into the timeout: each must fail at once.
    let dialer = Dialer::new("db:1")?
        .resolver(Scripted::giving(answers.chain(iter::once(good))))
        .attempt_delay(Duration::from_secs(60));
    assert_eq!(dialer.dial().await?.peer_addr()?, good);
    Ok(())
}

#[tokio::test]
async fn a_resolver_without_an_answer_is_told_from_one_that_fails() -> Result {
    let dialer = Dialer::new("db:1")?.resolver(Scripted::giving([]));
    let error = dialer.dial().await.expect_err("there is no address");
    assert!(matches!(error, DialError::NoAddress { .. }), "{error:?}");
    assert!(error.is_transient());
    Ok(())
}

#[tokio::test]
async fn settings_without_end_or_of_nothing_are_taken() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let addr = listener.local_addr()?;
    for d in [Duration::MAX, Duration::ZERO] {
        let keepalive = Keepalive::new().idle(d).interval(d).count(u32::MAX);
        let literal = Dialer::new(addr)?
            .attempt_delay(d)
            .endpoint_delay(d)
            .keepalive(keepalive)
            .user_timeout(d);
        let named = literal.clone().resolver(Scripted::giving([addr]));
        let several = Dialer::any_of(["a:1", "b:1"])?
            .endpoint_delay(d)
            .resolver(Scripted::giving([addr]));
        for stream in [
            literal.clone().timeout(Duration::MAX).dial().await?,
            named.timeout(Duration::MAX).dial().await?,
            several.timeout(Duration::MAX).dial().await?,
        ] {
            assert_eq!(stream.peer_addr()?, addr);
        }
    }
    Ok(())
}

/// Row 4: one byte, then reset.
#[tokio::test]
async fn a_server_that_says_one_byte_and_resets_is_given_up() -> Result {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let dialer = Dialer::new(listener.local_addr()?)?;
    let server = tokio::spawn(async move {
        let mut visits = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            visits += 1;
            stream.write_all(b"h").await?;
            stream.set_zero_linger()?;
            drop(stream);
            if visits == 4 {
                break;
            }
        }
        std::io::Result::Ok(visits)
    });
    let connector = TcpConnector::new(dialer, async |mut stream, _| {
        while stream.read(&mut [0]).await? > 0 {}
        Err(closed())
    })
    .retry([Duration::from_millis(1); 3]);
    let error: std::io::Error = checked(connector).run().await.expect_err("it is given up");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(server.await??, 4);
    Ok(())
}
