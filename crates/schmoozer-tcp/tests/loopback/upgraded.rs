//! A handshake that is part of connecting, and what ends one that hangs.

use std::io::{self, ErrorKind};
use std::time::Duration;

use schmoozer_faults::{Behaviour, OwnedEvent, Peer, Recorder};
use schmoozer_tcp::{Connector, Dialer, End, Order, Session, TcpConnector, closed};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::connector::{SHORT, SOON, STEADY};
use crate::{Result, checked};

const LIMIT: Duration = Duration::from_millis(200);
/// How much later than planned something may happen, so that a busy machine fails nothing.
const SLACK: Duration = Duration::from_millis(300);

/// What a stream becomes when its peer has greeted.
struct Greeted(u8);

async fn greeted(mut stream: TcpStream) -> io::Result<Greeted> {
    stream.read_u8().await.map(Greeted)
}

/// Ends the loop, and returns what the peer said by an error of its own: no other server says so.
fn greeting(dialer: Dialer) -> impl Connector<Connection = Greeted, Error = io::Error> {
    let serve = async |greeted: Greeted, _: Session| match greeted.0 {
        b'h' => Ok(End::Exit),
        _ => Err(closed()),
    };
    TcpConnector::upgraded(dialer, greeted, serve).retry(STEADY)
}

async fn greets() -> io::Result<Peer> {
    Peer::start(Behaviour::Drip(b"h".into(), SOON)).await
}

#[tokio::test]
async fn what_is_served_is_what_the_stream_was_upgraded_to() -> Result {
    let peer = greets().await?;
    let recorder = Recorder::new();
    let runner = checked(greeting(Dialer::new(peer.addr())?)).observer(recorder.clone());
    timeout(SOON, runner.run()).await??;
    let events: Vec<_> = recorder.events().into_iter().map(|(_, it)| it).collect();
    let [connecting, connected, ready, ending, stopped] = &events[..] else {
        return Err(format!("{events:?}").into());
    };
    assert!(matches!(connecting, OwnedEvent::Connecting { attempt: 1 }));
    assert!(matches!(connected, OwnedEvent::Connected { .. }));
    assert!(matches!(ready, OwnedEvent::Ready { .. }));
    assert!(matches!(ending, OwnedEvent::Ending { end: End::Exit, .. }));
    assert!(matches!(stopped, OwnedEvent::Stopped { .. }));
    Ok(())
}

#[tokio::test]
async fn an_upgrade_that_hangs_ends_within_the_timeout_of_the_dialer() -> Result {
    let peer = Peer::start(Behaviour::Silent).await?;
    let dialer = Dialer::new(peer.addr())?.timeout(LIMIT);
    let serve = async |_: Greeted, _: Session| Ok(End::Exit);
    let connector = TcpConnector::upgraded(dialer, greeted, serve).retry([SHORT]);
    let begun = Instant::now();
    let error = timeout(SOON, checked(connector).run()).await?;
    let took = begun.elapsed();
    let error = error.expect_err("the peer never greets");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let text = "connected, but not upgraded within the dial's timeout";
    assert_eq!(error.to_string(), text);
    let two = LIMIT * 2 + SHORT;
    assert!((two..two + SLACK * 2).contains(&took), "{took:?}");
    peer.accepted(2).await?;
    // Each was closed.
    Ok(peer.live(0).await?)
}

/// Row 44: a server that takes connections and no login gives way to one that is well.
#[tokio::test]
async fn an_endpoint_whose_upgrade_fails_goes_behind() -> Result {
    for behaviour in [Behaviour::Close, Behaviour::Silent] {
        let (bad, good) = (Peer::start(behaviour).await?, greets().await?);
        let dialer = Dialer::any_of([bad.addr(), good.addr()])?.order(Order::Failover);
        let recorder = Recorder::new();
        let runner = checked(greeting(dialer.timeout(LIMIT))).observer(recorder.clone());
        timeout(SOON, runner.run()).await??;
        assert_eq!((bad.counts().accepted, good.counts().accepted), (1, 1));
        // It is the connect that failed.
        let failed = |(_, event): &(_, _)| {
            matches!(
                event,
                OwnedEvent::Failed {
                    attempt: 1,
                    uptime: None,
                    ..
                }
            )
        };
        assert_eq!(recorder.events().iter().filter(|it| failed(it)).count(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn an_upgrade_that_the_loops_timeout_drops_goes_behind_too() -> Result {
    let (bad, good) = (Peer::start(Behaviour::Silent).await?, greets().await?);
    let dialer = Dialer::any_of([bad.addr(), good.addr()])?.order(Order::Failover);
    let recorder = Recorder::new();
    let runner = checked(greeting(dialer.timeout(None))).connect_timeout(LIMIT);
    timeout(SOON, runner.observer(recorder.clone()).run()).await??;
    assert_eq!((bad.counts().accepted, good.counts().accepted), (1, 1));
    let late = "connect did not end within 200ms";
    let failed = |(_, event): &(_, OwnedEvent)| match event {
        OwnedEvent::Failed { cause, .. } => Some(cause.clone()),
        _ => None,
    };
    let causes: Vec<_> = recorder.events().iter().filter_map(failed).collect();
    assert_eq!(causes, [late]);
    Ok(())
}
