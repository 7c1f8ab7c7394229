//! What a connector is made of: handler, resolver, classification, errors and sockets, on real loopback sockets.

use std::fmt::Debug;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use schmoozer_faults::{Behaviour, Checker, OwnedEvent, Peer, Recorder};
use schmoozer_tcp::{
    Connector, DialError, Dialer, End, Failure, Retry, Session, TcpConnector, Why, closed, run,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::kernel::{State, sockets_to};
use crate::scripted::{Scripted, Step};
use crate::{Result, checked, checker, complete};

pub(crate) const SHORT: Duration = Duration::from_millis(10);
pub(crate) const STEADY: [Duration; 100] = [SHORT; 100];
pub(crate) const SOON: Duration = Duration::from_secs(5);

/// Reads until the peer ends the connection, which counts as an error, unless it said goodbye.
pub(crate) async fn until_goodbye(mut stream: TcpStream, _: Session) -> io::Result<End> {
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await?;
    if received == b"bye" {
        Ok(End::Exit)
    } else {
        Err(closed())
    }
}

async fn ends<C: Connector<Error: Debug>>(
    connector: C,
) -> Result<std::result::Result<(), C::Error>> {
    Ok(timeout(SOON, checked(connector).run()).await?)
}

/// Row 26: the old socket is closed before the next dial.
#[tokio::test]
async fn the_old_socket_is_closed_before_the_next_dial() -> Result {
    let server = TcpListener::bind("127.0.0.1:0").await?;
    let handler = async |mut stream: TcpStream, _| match stream.read_u8().await? {
        b'!' => Ok(End::Exit),
        _ => Err(io::Error::other("the server makes no sense")),
    };
    let connector = TcpConnector::new(Dialer::new(server.local_addr()?)?, handler);
    let ended = tokio::spawn(checked(connector.retry([SHORT])).run());
    let (mut old, _) = timeout(SOON, server.accept()).await??;
    old.write_all(b"?").await?;
    let (mut new, _) = timeout(SOON, server.accept()).await??;
    assert_eq!(old.try_read(&mut [0])?, 0);
    new.write_all(b"!").await?;
    Ok(timeout(SOON, ended).await???)
}

/// Rows 11, 12: the name fails, then leads to another address, on the loop.
#[tokio::test]
async fn the_name_is_resolved_again_until_it_leads_somewhere() -> Result {
    let gone = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let server = TcpListener::bind("127.0.0.1:0").await?;
    let resolver = Scripted::new([
        vec![Step::Fail("the resolver is not up yet")],
        vec![],
        vec![Step::Give(gone)],
        vec![Step::Give(server.local_addr()?)],
    ]);
    let resolver = Arc::new(resolver);
    let dialer = Dialer::new("db.example.com:5432")?.resolver(Arc::clone(&resolver));
    let ended = tokio::spawn(checked(TcpConnector::new(dialer, until_goodbye).retry(STEADY)).run());
    let (mut stream, _) = timeout(SOON, server.accept()).await??;
    assert_eq!(resolver.asked().len(), 4);
    stream.write_all(b"bye").await?;
    drop(stream);
    Ok(timeout(SOON, ended).await???)
}

/// Rows 39, 40, 42: errors that look final are retried, of a dial and of a handler.
#[tokio::test]
async fn every_error_is_retried() -> Result {
    let server = TcpListener::bind("127.0.0.1:0").await?;
    let addr = server.local_addr()?;
    let kinds = [ErrorKind::PermissionDenied, ErrorKind::InvalidInput];
    for kind in kinds {
        // What a cgroup or a firewall forbids for a while.
        let calls = std::sync::Mutex::new(0);
        let dialer = Dialer::new(addr)?.before_connect(move |_, _| Err(kind.into()));
        let runner = checked(TcpConnector::new(dialer, until_goodbye).retry([SHORT; 2]));
        let handle = runner.handle();
        let error = timeout(SOON, runner.run()).await?.expect_err("forbidden");
        assert_eq!((error.kind(), handle.stats().attempts), (kind, 3));

        let failing = |_: TcpStream, _: Session| {
            *calls.lock().expect("no test panics here") += 1;
            async move { Err::<End, _>(io::Error::from(kind)) }
        };
        let connector = TcpConnector::new(Dialer::new(addr)?, failing).retry([SHORT; 2]);
        assert_eq!(ends(connector).await?.expect_err("forbidden").kind(), kind);
        assert_eq!(*calls.lock().expect("no test panics here"), 3);
    }
    let not_ours = Dialer::new(addr)?.local_addr(std::net::IpAddr::from([203, 0, 113, 1]));
    let runner = checked(TcpConnector::new(not_ours, until_goodbye).retry([SHORT; 2]));
    let handle = runner.handle();
    let error = timeout(SOON, runner.run()).await?.expect_err("not ours");
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
    assert_eq!(handle.stats().attempts, 3);
    Ok(())
}

/// `retry_if` tells a failed dial, a failed login and a lost connection apart by the failure.
#[tokio::test]
async fn retry_if_knows_whether_a_dial_a_login_or_a_connection_failed() -> Result {
    let gone = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let server = TcpListener::bind("127.0.0.1:0").await?;
    let scripts = [gone, server.local_addr()?].map(|addr| vec![Step::Give(addr)]);
    let dialer = Dialer::new("db.example.com:5432")?.resolver(Scripted::new(scripts));
    let mut calls = 0;
    let handler = move |_: TcpStream, _: Session| {
        calls += 1;
        async move {
            // The first is lost before it is stable, the second later.
            tokio::time::sleep(SHORT * 10 * (calls - 1)).await;
            Err::<End, _>(closed())
        }
    };
    let (told, mut failures) = mpsc::unbounded_channel();
    let connector = TcpConnector::new(dialer, handler)
        .retry(STEADY)
        .stable_after(SHORT * 5)
        .retry_if(move |failure: &Failure<io::Error>| {
            let _ = told.send((failure.attempt, failure.uptime.is_some(), failure.stable));
            !failure.stable
        });
    let run = checker().stable_after(SHORT * 5).runner(connector).run();
    let error = timeout(SOON, run).await?.expect_err("it was stable");
    assert_eq!(error.to_string(), "closed by the peer");
    let mut seen = Vec::new();
    failures.recv_many(&mut seen, 10).await;
    let expected = [(1, false, false), (2, true, false), (1, true, true)];
    assert_eq!(seen, expected);
    Ok(())
}

#[tokio::test]
async fn retry_if_ends_the_loop_with_the_error_of_a_dial() -> Result {
    let gone = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let connector = TcpConnector::new(Dialer::new(gone)?, until_goodbye)
        .retry([SOON])
        .retry_if(|failure| failure.cause.kind() != ErrorKind::ConnectionRefused);
    let runner = checked(connector);
    let handle = runner.handle();
    let error = timeout(SOON, runner.run()).await?.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let details = DialError::find_in(&error).expect("the dial's");
    assert_eq!(details.tried()[0].addr, Some(gone));
    let stopped = handle.stopped().await;
    let refused = format!("could not connect to {gone}: refused");
    assert_eq!((stopped.why, stopped.cause), (Why::Final, Some(refused)));
    Ok(())
}

/// A server that asks for a delay gets it, up to the limit, in place of the policy's.
#[tokio::test(start_paused = true)]
async fn a_hint_in_the_error_replaces_the_delay_of_the_policy() -> Result {
    // No socket is waited for: paused time would run ahead of it.
    let dialer = Dialer::new("127.0.0.1:7000")?
        .before_connect(|_, _| Err(io::Error::other("come back in 30 s")));
    let limited = Retry::new([SHORT; 2]).hint_at_most(Duration::from_secs(20));
    let asked = |error: &io::Error| {
        let asked = error.to_string().ends_with("come back in 30 s");
        asked.then_some(Duration::from_secs(30))
    };
    let connector = TcpConnector::new(dialer, until_goodbye).retry(limited);
    let recorder = Recorder::new();
    let runner = complete(Checker::exact()).runner(connector.hint(asked));
    let ended = runner.observer(recorder.clone()).run().await;
    assert!(ended.is_err(), "the policy has ended");
    let events = recorder.events();
    let delays: Vec<_> = (events.iter())
        .filter_map(|(_, event)| match event {
            OwnedEvent::Waiting { delay, .. } => Some(*delay),
            _ => None,
        })
        .collect();
    assert_eq!(delays.len(), 2);
    for delay in delays {
        let asked = Duration::from_secs(20)..=Duration::from_secs(22);
        assert!(asked.contains(&delay), "{delay:?}");
    }
    Ok(())
}

/// The state that connections are lent outlives them, and a loop that gives up, and is there for the next run.
#[tokio::test]
async fn a_state_is_lent_to_each_connection_and_returned_at_the_end() -> Result {
    struct Visits(Vec<u64>);

    impl Visits {
        async fn note(&mut self, mut stream: TcpStream, session: Session) -> io::Result<End> {
            stream.write_all(b"hello").await?;
            self.0.push(session.id());
            match self.0.len() {
                5 => Ok(End::Exit),
                _ => Err(closed()),
            }
        }
    }

    let server = TcpListener::bind("127.0.0.1:0").await?;
    let dialer = Dialer::new(server.local_addr()?)?;
    let connector = TcpConnector::with_state(dialer, Visits(Vec::new()), Visits::note);
    let mut connector = connector.retry([SHORT; 2]);
    let gave_up = timeout(SOON, checked(&mut connector).run()).await?;
    assert_eq!(
        gave_up.expect_err("after three").to_string(),
        "closed by the peer"
    );
    timeout(SOON, checked(&mut connector).run()).await??;
    let Visits(ids) = connector.into_state();
    assert_eq!(ids.len(), 5);
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
    Ok(())
}

#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
async fn retry_if_is_asked_about_the_loops_timeout_too() -> Result {
    let gone = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let hole = Peer::start(Behaviour::BlackHole).await?;
    // Refused first, and that is worth another attempt; then nobody answers.
    let keeping = || -> Result<_> {
        let scripts = [gone, hole.addr()].map(|addr| vec![Step::Give(addr)]);
        let dialer = Dialer::new("db.example.com:5432")?.resolver(Scripted::new(scripts));
        Ok(TcpConnector::new(dialer, until_goodbye).retry(STEADY))
    };
    let kept = checked(keeping()?).connect_timeout(SHORT).run();
    assert!(
        timeout(SHORT * 20, kept).await.is_err(),
        "by default it may pass"
    );
    let impatient = keeping()?.retry_if(|failure| failure.cause.kind() != ErrorKind::TimedOut);
    let runner = checked(impatient).connect_timeout(SHORT);
    let handle = runner.handle();
    let error = timeout(SOON, runner.run())
        .await?
        .expect_err("nobody answers");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(handle.stats().attempts, 2);
    Ok(())
}

#[tokio::test]
async fn the_handler_has_an_error_type_of_its_own() -> Result {
    #[derive(Debug, PartialEq, thiserror::Error)]
    enum Trouble {
        #[error("no connection: {0}")]
        Dial(String),
        #[error("login refused")]
        Login,
    }

    impl From<io::Error> for Trouble {
        fn from(error: io::Error) -> Self {
            Self::Dial(error.to_string())
        }
    }

    let server = TcpListener::bind("127.0.0.1:0").await?;
    let addr = server.local_addr()?;
    let connector = TcpConnector::new(Dialer::new(addr)?, async |_, _| Err(Trouble::Login));
    assert_eq!(
        ends(connector.retry([SHORT; 2])).await?,
        Err(Trouble::Login)
    );
    drop(server);
    let connector = TcpConnector::new(Dialer::new(addr)?, async |_, _| Err(Trouble::Login));
    let refused = Trouble::Dial(format!("could not connect to {addr}: refused"));
    assert_eq!(ends(connector.retry([SHORT; 2])).await?, Err(refused));
    Ok(())
}

/// Row 35: a target with credentials is refused.
#[tokio::test]
async fn the_target_is_named_and_its_secrets_are_refused() -> Result {
    let dialer = Dialer::any_of(["a.example:1", "b.example:2"])?;
    let connector = TcpConnector::new(dialer, until_goodbye);
    assert_eq!(
        connector.display_target().as_deref(),
        Some("a.example:1 or b.example:2")
    );
    let shown = format!("{connector:?}");
    assert!(shown.contains("a.example:1"), "{shown}");
    let refused = Dialer::new("user:hunter2@a.example:1").expect_err("holds a secret");
    let told = format!("{refused} {refused:?}");
    assert!(!told.contains("hunter2"), "{told}");
    Ok(())
}

/// Row 24: dropped in each state: no socket and no task is left.
#[tokio::test]
#[cfg_attr(
    not(target_os = "linux"),
    ignore = "a black hole can be had on Linux alone"
)]
async fn a_future_that_is_dropped_leaves_no_socket_and_no_task() -> Result {
    let hole = Peer::start(Behaviour::BlackHole).await?;
    let tasks = Handle::current().metrics().num_alive_tasks();
    let connector =
        || -> Result<_> { Ok(TcpConnector::new(Dialer::new(hole.addr())?, until_goodbye)) };
    {
        let mut connecting = Box::pin(run(connector()?));
        assert!(timeout(SHORT, &mut connecting).await.is_err());
        assert_eq!(sockets_to(hole.addr(), State::SynSent)?, 1);
    }
    assert_eq!(sockets_to(hole.addr(), State::SynSent)?, 0);

    let server = TcpListener::bind("127.0.0.1:0").await?;
    let addr = server.local_addr()?;
    let running = TcpConnector::new(Dialer::new(addr)?, until_goodbye);
    assert!(timeout(SHORT * 5, run(running)).await.is_err());
    let (mut stream, _) = server.accept().await?;
    assert_eq!(timeout(SOON, stream.read(&mut [0])).await??, 0);

    drop((server, stream));
    let waiting = TcpConnector::new(Dialer::new(addr)?, until_goodbye).retry([SOON]);
    assert!(timeout(SHORT * 5, run(waiting)).await.is_err());
    assert_eq!(
        sockets_to(addr, State::Established)? + sockets_to(addr, State::SynSent)?,
        0
    );
    assert_eq!(Handle::current().metrics().num_alive_tasks(), tasks);
    Ok(())
}
