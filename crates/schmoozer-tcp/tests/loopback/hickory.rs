//! Dialing with `hickory-resolver` against a name server on loopback.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use schmoozer_faults::{Answer, NameServer, RecordType};
use schmoozer_tcp::{DialError, Dialer, HickoryResolver};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::Result;

const NAME: &str = "my_db.example.com";
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A name server, and listeners of both families at one port.
type Servers = (NameServer, [TcpListener; 2]);

/// Makes a dialer for a name, with an underscore as some networks have them, and the servers that it leads to.
async fn name(v6: Answer, v4: Answer) -> Result<(Dialer, Servers)> {
    let server = NameServer::start().await?;
    server.set_for(NAME, RecordType::Aaaa, v6);
    server.set_for(NAME, RecordType::A, v4);
    // What is free in one family may be taken in the other.
    let (port, listeners) = loop {
        let v4 = TcpListener::bind((V4, 0)).await?;
        let port = v4.local_addr()?.port();
        match TcpListener::bind((V6, port)).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            v6 => break (port, [v6?, v4]),
        }
    };
    let resolver = HickoryResolver::name_servers([server.addr()]);
    let dialer = Dialer::new((NAME, port))?.resolver(resolver);
    Ok((dialer, (server, listeners)))
}

async fn connected(v6: Answer, v4: Answer) -> Result<(SocketAddr, Duration)> {
    let (dialer, _servers) = name(v6, v4).await?;
    let begun = Instant::now();
    let stream = dialer.dial().await?;
    Ok((stream.peer_addr()?, begun.elapsed()))
}

fn soon(ip: IpAddr) -> Answer {
    Answer::addresses([ip])
}

fn none() -> Answer {
    Answer::no_addresses()
}

#[tokio::test]
async fn ipv6_goes_first_when_both_are_there() -> Result {
    assert_eq!(connected(soon(V6), soon(V4)).await?.0.ip(), V6);
    Ok(())
}

#[tokio::test]
async fn ipv6_goes_first_when_it_comes_within_the_resolution_delay() -> Result {
    let late = soon(V6).after(Duration::from_millis(20));
    assert_eq!(connected(late, soon(V4)).await?.0.ip(), V6);
    Ok(())
}

#[tokio::test]
async fn ipv4_is_used_while_ipv6_is_not_answered() -> Result {
    let (peer, took) = connected(Answer::Drop, soon(V4)).await?;
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
    let (peer, took) = connected(soon(V6), Answer::Drop).await?;
    assert_eq!(peer.ip(), V6);
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(connected(soon(V6), Answer::ServerFailure).await?.0.ip(), V6);
    assert_eq!(connected(Answer::ServerFailure, soon(V4)).await?.0.ip(), V4);
    Ok(())
}

#[tokio::test]
async fn a_name_without_addresses_differs_from_one_that_is_unknown() -> Result {
    let (dialer, _servers) = name(none(), none()).await?;
    let error = dialer.dial().await.expect_err("the name has no address");
    assert!(matches!(error, DialError::NoAddress { .. }), "{error:?}");

    for (v6, v4) in [
        (Answer::no_such_name(), Answer::no_such_name()),
        (none(), Answer::no_such_name()),
        (Answer::no_such_name(), none()),
    ] {
        let (dialer, _servers) = name(v6, v4).await?;
        let error = dialer.dial().await.expect_err("there is no such name");
        let DialError::Resolve { source, .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(source.kind(), ErrorKind::NotFound);
        let said = "the name server answered \"Non-Existent Domain\" (response code 3)";
        assert_eq!(source.to_string(), said);
        assert!(error.is_transient());
    }
    Ok(())
}

/// Row 11: a name server that fails differs from one without addresses.
#[tokio::test]
async fn a_server_that_cannot_tell_differs_from_a_name_without_addresses() -> Result {
    for (v6, v4) in [
        (Answer::ServerFailure, Answer::ServerFailure),
        (none(), Answer::ServerFailure),
        (Answer::ServerFailure, none()),
    ] {
        let (dialer, _servers) = name(v6, v4).await?;
        let error = dialer.dial().await.expect_err("nothing was found");
        let DialError::Resolve { source, .. } = &error else {
            panic!("{error:?}")
        };
        assert!(source.to_string().contains("(response code 2)"), "{source}");
    }
    Ok(())
}

/// Row 11: what a name server refuses, or what it does not know how to do, is told with its response code.
#[tokio::test]
async fn the_error_has_the_response_code() -> Result {
    let meanings = [
        (1, "Form Error"),
        (4, "Not Implemented"),
        (5, "Query Refused"),
        (9, "Not authorized"),
    ];
    for (code, meaning) in meanings {
        let (dialer, (server, _listeners)) = name(Answer::Code(code), Answer::Code(code)).await?;
        let error = dialer.dial().await.expect_err("nothing was found");
        let said = format!("the name server answered \"{meaning}\" (response code {code})");
        assert_eq!(
            error.to_string(),
            format!("could not resolve {}: {said}", dialer.targets()[0])
        );
        assert!(error.is_transient());
        server.set_for(NAME, RecordType::A, soon(V4));
        assert_eq!(dialer.dial().await?.peer_addr()?.ip(), V4);
    }
    Ok(())
}

/// Dials from `local`, where only addresses of the other family are found.
async fn dialed_from(local: IpAddr, v6: Answer, v4: Answer) -> Result<DialError> {
    let (dialer, _servers) = name(v6, v4).await?;
    let dialer = dialer.timeout(Duration::from_millis(400));
    let error = dialer.local_addr(local).dial().await;
    Ok(error.expect_err("the local address is of the other family"))
}

/// Row 11: the name server fails for one family.
#[tokio::test]
async fn a_family_that_could_not_be_asked_for_is_asked_for_again() -> Result {
    for lost in [Answer::Drop, Answer::ServerFailure] {
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

/// Row 11: a family that the name lacks is no failure.
#[tokio::test]
async fn a_family_that_the_name_lacks_is_not_asked_for_again() -> Result {
    for lacking in [none(), Answer::no_such_name()] {
        for (local, v6, v4) in [(V4, soon(V6), lacking.clone()), (V6, lacking, soon(V4))] {
            let error = dialed_from(local, v6, v4).await?;
            assert_eq!(error.tried().len(), 1, "{error:?}");
            assert!(!error.is_transient());
        }
    }
    Ok(())
}

/// Starts name servers that all answer so to questions about one name.
async fn name_servers<const N: usize>(answers: [Answer; N]) -> Result<Vec<NameServer>> {
    let mut servers = Vec::new();
    for answer in answers {
        let server = NameServer::start().await?;
        server.set(NAME, answer);
        servers.push(server);
    }
    Ok(servers)
}

/// Asks these name servers, in their order.
fn in_order(servers: &[NameServer]) -> HickoryResolver {
    HickoryResolver::name_servers(servers.iter().map(NameServer::addr))
}

/// Row 50: a question that is not answered is asked twice, and has failed, before the dial's time is over.
#[tokio::test]
async fn its_own_timeouts_fit_into_a_dial() -> Result {
    let one = name_servers([Answer::Drop]).await?;
    let three = name_servers([Answer::Drop, Answer::Drop, Answer::Drop]).await?;
    for servers in [one, three] {
        let dialer = Dialer::new((NAME, 7_000))?.resolver(in_order(&servers));
        let error = dialer.timeout(Duration::from_secs(2)).dial().await;
        let error = error.expect_err("no name server answers");
        let DialError::Resolve { source, .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(source.to_string(), "no name server answered in time");
        for server in servers {
            assert_eq!(server.questions().len(), 4, "both families, twice");
        }
    }
    Ok(())
}

/// Row 50: a name server that needs long has half of the lookup's time.
#[tokio::test]
async fn a_slow_name_server_is_waited_for() -> Result {
    let slow = soon(V4).after(Duration::from_secs(1));
    let (dialer, (server, _listeners)) = name(slow.clone(), slow).await?;
    dialer.timeout(Duration::from_secs(4)).dial().await?;
    assert_eq!(server.questions().len(), 2, "both families, once");
    Ok(())
}

/// Row 43: the first name servers are dead.
#[tokio::test]
async fn dead_name_servers_before_one_that_is_well_fit_into_a_dial() -> Result {
    let servers = name_servers([Answer::Drop, Answer::Drop, Answer::Drop, soon(V4)]).await?;
    let listener = TcpListener::bind((V4, 0)).await?;
    let dialer = Dialer::new((NAME, listener.local_addr()?.port()))?.resolver(in_order(&servers));
    let stream = dialer.timeout(Duration::from_secs(4)).dial().await?;
    assert_eq!(stream.peer_addr()?.ip(), V4);
    for server in servers {
        assert_eq!(server.questions().len(), 2, "both families, once");
    }
    Ok(())
}

/// Rows 43, 50: a public name server behind that of a private network is not asked for its names.
#[tokio::test]
async fn the_first_name_server_is_believed() -> Result {
    let late = Duration::from_millis(20);
    let servers = name_servers([soon(V4).after(late), Answer::no_such_name()]).await?;
    let listener = TcpListener::bind((V4, 0)).await?;
    let dialer = Dialer::new((NAME, listener.local_addr()?.port()))?.resolver(in_order(&servers));
    assert_eq!(dialer.dial().await?.peer_addr()?.ip(), V4);
    assert_eq!(servers[1].questions(), []);

    servers[0].set(NAME, Answer::no_such_name().after(late));
    servers[1].set(NAME, soon(V4));
    let error = dialer.dial().await.expect_err("there is no such name");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(servers[1].questions(), []);
    Ok(())
}

/// Rows 43, 50: as with the system resolver.
#[tokio::test]
async fn a_name_server_that_cannot_tell_gives_way_to_the_next() -> Result {
    let codes = [1, 4, 5, 9].map(Answer::Code);
    for answer in [Answer::ServerFailure].into_iter().chain(codes) {
        let servers = name_servers([answer, soon(V4)]).await?;
        let listener = TcpListener::bind((V4, 0)).await?;
        let dialer =
            Dialer::new((NAME, listener.local_addr()?.port()))?.resolver(in_order(&servers));
        assert_eq!(dialer.dial().await?.peer_addr()?.ip(), V4);
        for server in servers {
            assert_eq!(server.questions().len(), 2, "both families, once");
        }
    }
    Ok(())
}

/// Row 43: what is too long for UDP is asked for over TCP, of the same name server.
#[tokio::test]
async fn a_long_answer_comes_over_tcp() -> Result {
    let many = Answer::addresses((1..=100).map(|last| [127, 0, 0, last]));
    let servers = name_servers([many, Answer::no_such_name()]).await?;
    let listener = TcpListener::bind((V4, 0)).await?;
    let dialer = Dialer::new((NAME, listener.local_addr()?.port()))?.resolver(in_order(&servers));
    assert_eq!(dialer.dial().await?.peer_addr()?.ip(), V4);
    assert!(servers[0].questions().iter().any(|asked| asked.over_tcp));
    assert_eq!(servers[1].questions(), []);
    Ok(())
}

/// Row 50: a name that does not exist, says its name server, for an hour, is asked for again at the next dial.
#[tokio::test]
async fn a_name_that_did_not_exist_is_asked_for_again() -> Result {
    let unknown = || Answer::no_such_name().ttl(Duration::from_secs(3_600));
    let (dialer, (server, _listeners)) = name(unknown(), unknown()).await?;
    let error = dialer.dial().await.expect_err("there is no such name");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    server.set_for(NAME, RecordType::A, soon(V4));
    assert_eq!(dialer.dial().await?.peer_addr()?.ip(), V4);
    Ok(())
}
