//! Connections that a login makes usable, and servers that spoil it.

use std::io;
use std::time::Duration;

use schmoozer_faults::{Behaviour, OwnedEvent, Peer, Recorder};
use schmoozer_tcp::{
    Dialer, End, Exponential, NotConnected, Retry, Session, Status, TcpConnector, Why, closed,
};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::connector::{SHORT, SOON, STEADY};
use crate::{Result, checked, checker};

const LOGIN: Duration = Duration::from_millis(100);

async fn log_in(stream: &mut BufStream<TcpStream>) -> io::Result<()> {
    stream.write_all(b"login ann\n").await?;
    stream.flush().await?;
    let mut answer = String::new();
    match stream.read_line(&mut answer).await? {
        0 => Err(closed()),
        _ => Ok(()),
    }
}

async fn chat(stream: TcpStream, session: Session) -> io::Result<End> {
    let mut stream = BufStream::new(stream);
    timeout(LOGIN, log_in(&mut stream)).await??;
    session.ready();
    match stream.read_line(&mut String::new()).await? {
        0 => Err(closed()),
        _ => Ok(End::Exit),
    }
}

/// Row 37: the peer takes the login, the handler says ready, and the peer closes.
#[tokio::test]
async fn a_server_that_closes_after_each_login_meets_growing_delays() -> Result {
    let peer = Peer::start(Behaviour::LoginThenClose("welcome\n".into())).await?;
    let policy = Exponential::new(SHORT * 2).max_retries(4);
    let connector = TcpConnector::new(Dialer::new(peer.addr())?, chat);
    let recorder = Recorder::new();
    let runner = checked(connector.ready_when_marked().retry(policy)).observer(recorder.clone());
    let handle = runner.handle();
    let error = timeout(SOON, runner.run()).await?.expect_err("it gives up");
    assert_eq!(error.to_string(), "closed by the peer");
    let events = recorder.events();
    let delays: Vec<_> = (events.iter())
        .filter_map(|(_, event)| match event {
            OwnedEvent::Waiting { delay, .. } => Some(*delay),
            _ => None,
        })
        .collect();
    assert_eq!(delays, [2, 4, 8, 16].map(|times| SHORT * times));
    let was_ready = |(_, event): &&(_, _)| matches!(event, OwnedEvent::Ready { .. });
    assert_eq!(events.iter().filter(was_ready).count(), 5);
    let stats = handle.stats();
    assert_eq!((stats.outages, stats.failures), (1, 5));
    assert_eq!(handle.stopped().await.why, Why::GaveUp);
    Ok(())
}

/// Row 37: `give_up_after` goes on counting over such connections.
#[tokio::test]
async fn a_server_that_closes_after_each_login_is_given_up() -> Result {
    let peer = Peer::start(Behaviour::LoginThenClose("welcome\n".into())).await?;
    let connector = TcpConnector::new(Dialer::new(peer.addr())?, chat)
        .ready_when_marked()
        .retry(Retry::new(STEADY).give_up_after(SHORT * 15));
    let runner = checked(connector);
    let handle = runner.handle();
    let ended = timeout(SOON, runner.run()).await?;
    assert_eq!(
        ended.expect_err("given up").to_string(),
        "closed by the peer"
    );
    assert_eq!(handle.stopped().await.why, Why::GaveUp);
    assert!(handle.stats().attempts < 17, "{:?}", handle.stats());
    Ok(())
}

/// Row 38: the peer accepts and stays silent, and the handler waits for its login.
#[tokio::test]
async fn a_server_that_says_nothing_is_connected_and_not_ready() -> Result {
    let peer = Peer::start(Behaviour::Refuse).await?;
    let waits = async |stream: TcpStream, session: Session| {
        log_in(&mut BufStream::new(stream)).await?;
        session.ready();
        io::Result::Ok(session.stopping().await)
    };
    let connector = TcpConnector::new(Dialer::new(peer.addr())?, waits)
        .ready_when_marked()
        .stable_after(SHORT)
        .retry(STEADY);
    let (handle, task) = checker().stable_after(SHORT).runner(connector).spawn();
    handle.connected_or_fail(1).await.expect_err("refused");
    peer.switch(Behaviour::Silent).await?;
    peer.accepted(1).await?;
    // It is up for much longer than a stable connection must be.
    assert!(timeout(SHORT * 20, handle.connected()).await.is_err());
    let status = handle.status();
    let not_ready = matches!(
        status,
        Status::Connected {
            ready: false,
            stable: false,
            ..
        }
    );
    assert!(not_ready, "{status}");
    assert!(handle.outage().is_some(), "no outage ends by that");
    handle.shutdown();
    Ok(timeout(SOON, task).await???)
}

/// Row 38: a login that is bounded is a failure, and `connected_or_fail` counts it.
#[tokio::test]
async fn a_login_that_takes_too_long_is_a_failure() -> Result {
    let peer = Peer::start(Behaviour::Silent).await?;
    let connector = TcpConnector::new(Dialer::new(peer.addr())?, chat);
    let connector = connector.ready_when_marked().retry(STEADY);
    let (handle, task) = checked(connector).spawn();
    let waited = timeout(SOON, handle.connected_or_fail(2)).await?;
    let Err(NotConnected::Failed { failures: 2, cause }) = waited else {
        return Err(format!("{waited:?}").into());
    };
    assert_eq!(cause, "timed out");
    // The server gets well.
    peer.restart(Behaviour::Echo).await?;
    timeout(SOON, handle.connected()).await??;
    sleep(SHORT).await;
    handle.shutdown();
    timeout(SOON, task).await???;
    Ok(())
}
