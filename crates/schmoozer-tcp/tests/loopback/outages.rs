//! Servers that are away, restart, close and reset: what a connector makes of each, on real loopback sockets.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use schmoozer_backoff::Exponential;
use schmoozer_faults::{Behaviour, OwnedEvent, Peer, Recorder};
use schmoozer_tcp::{Dialer, Retry, Session, Status, TcpConnector};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

use crate::connector::{SHORT, SOON, STEADY, until_goodbye};
use crate::{Result, checked, checker};

/// How much later than planned something may happen, so that a busy machine fails nothing.
const SLACK: Duration = Duration::from_millis(200);

/// Listens again at an address that was given up before.
async fn again(addr: SocketAddr) -> Result<TcpListener> {
    Ok(TcpListener::bind(addr).await?)
}

/// Row 1: the server is not there yet.
#[tokio::test]
async fn a_server_that_is_not_there_yet_is_waited_for() -> Result {
    // Longer than what a busy machine adds, so that a second delay would show.
    let delay = SLACK + SLACK / 2;
    let addr = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let connector = TcpConnector::new(Dialer::new(addr)?, until_goodbye).retry([delay; 10]);
    let connected = tokio::spawn(checked(connector).run());
    sleep(delay + delay / 2).await;
    let server = again(addr).await?;
    let back = Instant::now();
    let (mut stream, _) = timeout(SOON, server.accept()).await??;
    let waited = back.elapsed();
    assert!(waited < delay + SLACK, "{waited:?}");
    stream.write_all(b"bye").await?;
    drop(stream);
    Ok(timeout(SOON, connected).await???)
}

/// Row 2: the server restarts on the same port.
#[tokio::test]
async fn a_server_that_restarts_on_the_same_port_is_one_outage() -> Result {
    let server = TcpListener::bind("127.0.0.1:0").await?;
    let addr = server.local_addr()?;
    let connector = TcpConnector::new(Dialer::new(addr)?, until_goodbye)
        // By default ten seconds, and longer than this test waits.
        .stable_after(SHORT)
        .retry(STEADY);
    let recorder = Recorder::new();
    let runner = checker().stable_after(SHORT).runner(connector);
    let runner = runner.observer(recorder.clone());
    let handle = runner.handle();
    let connected = tokio::spawn(runner.run());
    let (stream, _) = timeout(SOON, server.accept()).await??;
    drop((server, stream));
    // Long enough for several attempts.
    sleep(SHORT * 10).await;
    let server = again(addr).await?;
    let (mut stream, _) = timeout(SOON, server.accept()).await??;
    let is_stable = |status: &Status| matches!(status, Status::Connected { stable: true, .. });
    timeout(SOON, handle.watch().wait_for(is_stable)).await??;
    stream.write_all(b"bye").await?;
    drop(stream);
    timeout(SOON, connected).await???;
    let events = recorder.events();
    let began = |event: &OwnedEvent| matches!(event, OwnedEvent::Failed { attempt: 1, .. });
    let over = |event: &OwnedEvent| {
        matches!(
            event,
            OwnedEvent::Stable {
                outage: Some(_),
                ..
            }
        )
    };
    assert_eq!(events.iter().filter(|(_, event)| began(event)).count(), 1);
    assert_eq!(events.iter().filter(|(_, event)| over(event)).count(), 1);
    Ok(())
}

/// Has a server end each connection at once, and checks that the delays grow until none is left. Returns
/// the error that is left then.
async fn grows(ends: Behaviour) -> Result<io::Error> {
    let server = Peer::start(ends).await?;
    let policy = Exponential::new(Duration::from_millis(20)).max_retries(4);
    let connector = TcpConnector::new(Dialer::new(server.addr())?, until_goodbye).retry(policy);
    let ended = timeout(SOON, checked(connector).run()).await?;
    let error = ended.expect_err("the policy has ended");
    let accepted = server.accept_times();
    assert_eq!(accepted.len(), 5);
    let delays = [20, 40, 80, 160].map(Duration::from_millis);
    for (delay, pair) in delays.iter().zip(accepted.windows(2)) {
        let waited = pair[1] - pair[0];
        // The connection is up for this side a little later than it is accepted by the other.
        assert!(
            waited + SHORT >= *delay && waited < *delay + SLACK,
            "{waited:?} for {delay:?}"
        );
    }
    Ok(error)
}

/// Row 3: accept, then close: delays grow until `max_retries`.
#[tokio::test]
async fn delays_go_on_growing_while_the_server_accepts_and_closes() -> Result {
    assert_eq!(
        grows(Behaviour::Close).await?.kind(),
        ErrorKind::UnexpectedEof
    );
    Ok(())
}

/// Row 4: accept, then reset: delays grow.
#[tokio::test]
async fn delays_go_on_growing_while_the_server_accepts_and_resets() -> Result {
    assert_eq!(
        grows(Behaviour::Reset).await?.kind(),
        ErrorKind::ConnectionReset
    );
    Ok(())
}

/// Has a server end each connection at once, and checks that the outage is given up when it has lasted
/// so long. Returns the error that is left then.
async fn is_given_up(ends: Behaviour) -> Result<io::Error> {
    let server = Peer::start(ends).await?;
    let outage = Duration::from_millis(150);
    let connector = TcpConnector::new(Dialer::new(server.addr())?, until_goodbye)
        .retry(Retry::new(STEADY).give_up_after(outage));
    let begun = Instant::now();
    let result = checked(connector).run().await;
    let took = begun.elapsed();
    // The next attempt would have come after that.
    assert!(
        took + SHORT * 2 >= outage && took < outage + SLACK,
        "{took:?}"
    );
    Ok(result.expect_err("the outage was given up"))
}

/// Row 3: accept, then close: `give_up_after` fires.
#[tokio::test]
async fn an_outage_is_given_up_while_the_server_accepts_and_closes() -> Result {
    assert_eq!(
        is_given_up(Behaviour::Close).await?.kind(),
        ErrorKind::UnexpectedEof
    );
    Ok(())
}

/// Row 4: accept, then reset: `give_up_after` fires.
#[tokio::test]
async fn an_outage_is_given_up_while_the_server_accepts_and_resets() -> Result {
    assert_eq!(
        is_given_up(Behaviour::Reset).await?.kind(),
        ErrorKind::ConnectionReset
    );
    Ok(())
}

/// Row 3: accept, then close: the outage goes on.
#[tokio::test]
async fn only_a_lasting_connection_ends_the_outage() -> Result {
    let server = TcpListener::bind("127.0.0.1:0").await?;
    let lasts = Duration::from_millis(100);
    let connector = TcpConnector::new(Dialer::new(server.local_addr()?)?, until_goodbye)
        .stable_after(lasts)
        .retry([SHORT, SHORT]);
    let ended = tokio::spawn(checker().stable_after(lasts).runner(connector).run());
    // Two short connections use the policy up; the third lasts, and so there are two more retries.
    for held in [
        Duration::ZERO,
        Duration::ZERO,
        lasts * 2,
        Duration::ZERO,
        Duration::ZERO,
    ] {
        let (stream, _) = timeout(SOON, server.accept()).await??;
        sleep(held).await;
        drop(stream);
    }
    assert!(timeout(SOON, ended).await??.is_err());
    Ok(())
}

/// Row 5: a reset in mid-stream.
#[tokio::test]
async fn a_reset_reaches_the_handler_and_causes_one_reconnect() -> Result {
    let server = TcpListener::bind("127.0.0.1:0").await?;
    let causes = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&causes);
    let connector = TcpConnector::new(
        Dialer::new(server.local_addr()?)?,
        move |mut stream: TcpStream, session: Session| {
            let seen = Arc::clone(&seen);
            async move {
                stream.write_all(b"hello").await?;
                let result = until_goodbye(stream, session).await;
                seen.lock()
                    .expect("no test panics here")
                    .push(result.as_ref().err().map(io::Error::kind));
                result
            }
        },
    );
    let ended = tokio::spawn(checked(connector.retry(STEADY)).run());
    let (mut stream, _) = timeout(SOON, server.accept()).await??;
    // Once this has come the client's handler runs; before, the reset would hit its connect.
    stream.read_exact(&mut [0; 5]).await?;
    stream.set_zero_linger()?;
    drop(stream);
    let (mut stream, _) = timeout(SOON, server.accept()).await??;
    stream.read_exact(&mut [0; 5]).await?;
    stream.write_all(b"bye").await?;
    drop(stream);
    timeout(SOON, ended).await???;
    let causes = causes.lock().expect("no test panics here").clone();
    assert_eq!(causes, [Some(ErrorKind::ConnectionReset), None]);
    Ok(())
}
