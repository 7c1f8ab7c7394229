//! Dialing with `hickory-resolver` against a name server on loopback.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use hickory_resolver::config::{NameServerConfigGroup, ResolverConfig};
use hickory_resolver::name_server::TokioConnectionProvider;
use hickory_resolver::{ResolveError, TokioResolver};
use schmoozer_tcp::{DialError, Dialer, HickoryResolver};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::Result;
use crate::name_server::{Answer, serve};

const AT_ONCE: Duration = Duration::ZERO;
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Makes a dialer for a name, with an underscore as some networks have them, and listeners of both families at its port.
async fn name(v6: Answer, v4: Answer) -> Result<(Dialer, [TcpListener; 2])> {
    name_asked_within(Duration::from_secs(5), v6, v4).await
}

/// The same with a limit on each question.
async fn name_asked_within(
    limit: Duration,
    v6: Answer,
    v4: Answer,
) -> Result<(Dialer, [TcpListener; 2])> {
    let server = serve("127.0.0.1:0", v6, v4).await?;
    let servers = NameServerConfigGroup::from_ips_clear(&[server.ip()], server.port(), true);
    let config = ResolverConfig::from_parts(None, vec![], servers);
    let mut resolver =
        TokioResolver::builder_with_config(config, TokioConnectionProvider::default());
    resolver.options_mut().timeout = limit;
    let resolver = resolver.build();
    // What is free in one family may be taken in the other.
    let (port, listeners) = loop {
        let v4 = TcpListener::bind((V4, 0)).await?;
        let port = v4.local_addr()?.port();
        match TcpListener::bind((V6, port)).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            v6 => break (port, [v6?, v4]),
        }
    };
    let dialer =
        Dialer::new(("my_db.example.com", port))?.resolver(HickoryResolver::from(resolver));
    Ok((dialer, listeners))
}

async fn connected(v6: Answer, v4: Answer) -> Result<(SocketAddr, Duration)> {
    let (dialer, _listeners) = name(v6, v4).await?;
    let begun = Instant::now();
    let stream = dialer.dial().await?;
    Ok((stream.peer_addr()?, begun.elapsed()))
}

fn soon(ip: IpAddr) -> Answer {
    Answer::Addresses(AT_ONCE, vec![ip])
}

fn none() -> Answer {
    Answer::Addresses(AT_ONCE, vec![])
}

#[tokio::test]
async fn ipv6_goes_first_when_both_are_there() -> Result {
    assert_eq!(connected(soon(V6), soon(V4)).await?.0.ip(), V6);
    Ok(())
}

#[tokio::test]
async fn ipv6_goes_first_when_it_comes_within_the_resolution_delay() -> Result {
    let late = Answer::Addresses(Duration::from_millis(20), vec![V6]);
    assert_eq!(connected(late, soon(V4)).await?.0.ip(), V6);
    Ok(())
}

#[tokio::test]
async fn ipv4_is_used_while_ipv6_is_not_answered() -> Result {
    let (peer, took) = connected(Answer::Silence, soon(V4)).await?;
    assert_eq!(peer.ip(), V4);
    assert!(
        (Duration::from_millis(50)..Duration::from_millis(500)).contains(&took),
        "{took:?}"
    );
    Ok(())
}

#[tokio::test]
async fn one_family_is_enough() -> Result {
    assert_eq!(connected(none(), soon(V4)).await?.0.ip(), V4);
    assert_eq!(connected(soon(V6), none()).await?.0.ip(), V6);
    let (peer, took) = connected(soon(V6), Answer::Silence).await?;
    assert_eq!(peer.ip(), V6);
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(connected(soon(V6), Answer::Failure).await?.0.ip(), V6);
    assert_eq!(connected(Answer::Failure, soon(V4)).await?.0.ip(), V4);
    Ok(())
}

#[tokio::test]
async fn a_name_without_addresses_differs_from_one_that_is_unknown() -> Result {
    let (dialer, _listeners) = name(none(), none()).await?;
    let error = dialer.dial().await.expect_err("the name has no address");
    assert!(matches!(error, DialError::NoAddress { .. }), "{error:?}");

    for (v6, v4) in [
        (Answer::Unknown, Answer::Unknown),
        (none(), Answer::Unknown),
        (Answer::Unknown, none()),
    ] {
        let (dialer, _listeners) = name(v6, v4).await?;
        let error = dialer.dial().await.expect_err("there is no such name");
        let DialError::Resolve { source, .. } = &error else {
            panic!("{error:?}")
        };
        let source = source
            .get_ref()
            .and_then(|source| source.downcast_ref::<ResolveError>());
        assert!(source.is_some_and(ResolveError::is_nx_domain), "{error:?}");
        assert!(error.is_transient());
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_cannot_tell_differs_from_a_name_without_addresses() -> Result {
    for (v6, v4) in [
        (Answer::Failure, Answer::Failure),
        (none(), Answer::Failure),
        (Answer::Failure, none()),
    ] {
        let (dialer, _listeners) = name(v6, v4).await?;
        let error = dialer.dial().await.expect_err("nothing was found");
        assert!(matches!(error, DialError::Resolve { .. }), "{error:?}");
    }
    Ok(())
}

/// Dials from `local`, where only addresses of the other family are found.
async fn dialed_from(local: IpAddr, v6: Answer, v4: Answer) -> Result<DialError> {
    let limit = Duration::from_millis(50);
    let (dialer, _listeners) = name_asked_within(limit, v6, v4).await?;
    let error = dialer.local_addr(local).dial().await;
    Ok(error.expect_err("the local address is of the other family"))
}

#[tokio::test]
async fn a_family_that_could_not_be_asked_for_is_asked_for_again() -> Result {
    for lost in [Answer::Silence, Answer::Failure] {
        for (local, v6, v4) in [(V4, soon(V6), lost.clone()), (V6, lost, soon(V4))] {
            let error = dialed_from(local, v6, v4).await?;
            let [lookup, attempt] = error.tried() else {
                panic!("{error:?}")
            };
            assert_eq!(lookup.addr, None);
            assert!(attempt.addr.is_some_and(|addr| addr.ip() != local));
            assert!(!attempt.is_transient() && error.is_transient());
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_family_that_the_name_lacks_is_not_asked_for_again() -> Result {
    for lacking in [none(), Answer::Unknown] {
        for (local, v6, v4) in [(V4, soon(V6), lacking.clone()), (V6, lacking, soon(V4))] {
            let error = dialed_from(local, v6, v4).await?;
            assert_eq!(error.tried().len(), 1, "{error:?}");
            assert!(!error.is_transient());
        }
    }
    Ok(())
}
