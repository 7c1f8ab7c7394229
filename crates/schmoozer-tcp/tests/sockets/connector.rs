//! What a connector is made of: handler, resolver, classification, errors and sockets, on real loopback sockets.

use std::fmt::Debug;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use schmoozer_core::{Connector, run};
use schmoozer_tcp::{DialError, Dialer, TcpConnector};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::black_hole::BlackHole;
use crate::kernel::{State, sockets_to};
use crate::scripted::{Scripted, Step};
use crate::{Result, checked};

pub(crate) const SHORT: Duration = Duration::from_millis(10);
pub(crate) const STEADY: [Duration; 100] = [SHORT; 100];
pub(crate) const SOON: Duration = Duration::from_secs(5);

/// Reads until the peer ends the connection, which counts as an error, unless it said goodbye.
pub(crate) async fn until_goodbye(mut stream: TcpStream) -> io::Result<()> {
    let mut received = Vec::new();
    stream.read_to_end(&mut received).await?;
    if received == b"bye" {
        Ok(())
    } else {
        Err(ErrorKind::UnexpectedEof.into())
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
    let handler = |mut stream: TcpStream| async move {
        match stream.read_u8().await? {
            b'!' => Ok(()),
            _ => Err(io::Error::other("the server makes no sense")),
        }
    };
    let connector = TcpConnector::new(Dialer::new(server.local_addr()?)?, handler);
    let ended = tokio::spawn(checked(connector.delays([SHORT])).run());
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
    let ended =
        tokio::spawn(checked(TcpConnector::new(dialer, until_goodbye).delays(STEADY)).run());
    let (mut stream, _) = timeout(SOON, server.accept()).await??;
    assert_eq!(resolver.asked().len(), 4);
    stream.write_all(b"bye").await?;
    drop(stream);
    Ok(timeout(SOON, ended).await???)
}

#[tokio::test]
async fn what_is_not_transient_ends_the_loop_at_once() -> Result {
    let server = TcpListener::bind("127.0.0.1:0").await?;
    let not_ours =
        Dialer::new(server.local_addr()?)?.local_addr(std::net::IpAddr::from([203, 0, 113, 1]));
    let connector = TcpConnector::new(not_ours, until_goodbye).delays([SOON]);
    let error = ends(connector)
        .await?
        .expect_err("the local address is not ours");
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);

    let forbidden = |_: TcpStream| async { Err(io::Error::from(ErrorKind::PermissionDenied)) };
    let connector = TcpConnector::new(Dialer::new(server.local_addr()?)?, forbidden).delays([SOON]);
    assert_eq!(
        ends(connector).await?.expect_err("forbidden").kind(),
        ErrorKind::PermissionDenied
    );
    Ok(())
}

#[tokio::test]
async fn retry_if_has_the_last_word_on_dials_and_on_the_handler() -> Result {
    let gone = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let connector = TcpConnector::new(Dialer::new(gone)?, until_goodbye)
        .delays([SOON])
        .retry_if(|error: &io::Error| error.kind() != ErrorKind::ConnectionRefused);
    assert_eq!(
        ends(connector).await?.expect_err("refused").kind(),
        ErrorKind::ConnectionRefused
    );

    let server = TcpListener::bind("127.0.0.1:0").await?;
    let mut calls = 0;
    let handler = move |_: TcpStream| {
        calls += 1;
        async move {
            if calls < 3 {
                Err(io::Error::from(ErrorKind::PermissionDenied))
            } else {
                Ok(())
            }
        }
    };
    let connector = TcpConnector::new(Dialer::new(server.local_addr()?)?, handler);
    Ok(ends(connector.delays([SHORT; 2]).retry_if(|_| true)).await??)
}

#[tokio::test]
async fn retry_if_is_asked_about_the_loops_timeout_too() -> Result {
    let gone = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
    let hole = BlackHole::at("127.0.0.1").await?;
    // Refused first, and that is worth another attempt; then nobody answers.
    let keeping = || -> Result<_> {
        let scripts = [gone, hole.addr].map(|addr| vec![Step::Give(addr)]);
        let dialer = Dialer::new("db.example.com:5432")?.resolver(Scripted::new(scripts));
        Ok(TcpConnector::new(dialer, until_goodbye).delays(STEADY))
    };
    let kept = checked(keeping()?).connect_timeout(SHORT).run();
    assert!(
        timeout(SHORT * 20, kept).await.is_err(),
        "by default it may pass"
    );
    let impatient = keeping()?.retry_if(|error| error.kind() != ErrorKind::TimedOut);
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

    impl From<DialError> for Trouble {
        fn from(error: DialError) -> Self {
            Self::Dial(error.to_string())
        }
    }

    let server = TcpListener::bind("127.0.0.1:0").await?;
    let addr = server.local_addr()?;
    let connector = TcpConnector::new(Dialer::new(addr)?, |_| async { Err(Trouble::Login) });
    assert_eq!(
        ends(connector.delays([SHORT; 2])).await?,
        Err(Trouble::Login)
    );
    drop(server);
    let connector = TcpConnector::new(Dialer::new(addr)?, |_| async { Err(Trouble::Login) });
    let refused = Trouble::Dial(format!("could not connect to {addr}: refused"));
    assert_eq!(ends(connector.delays([SHORT; 2])).await?, Err(refused));
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
    assert!(
        shown.contains("a.example:1") && shown.contains("Exponential"),
        "{shown}"
    );
    let refused = Dialer::new("user:hunter2@a.example:1").expect_err("holds a secret");
    let told = format!("{refused} {refused:?}");
    assert!(!told.contains("hunter2"), "{told}");
    Ok(())
}

/// Row 24: dropped in each state: no socket and no task is left.
#[tokio::test]
async fn a_future_that_is_dropped_leaves_no_socket_and_no_task() -> Result {
    let tasks = Handle::current().metrics().num_alive_tasks();
    let hole = BlackHole::at("127.0.0.1").await?;
    let connector =
        || -> Result<_> { Ok(TcpConnector::new(Dialer::new(hole.addr)?, until_goodbye)) };
    {
        let mut connecting = Box::pin(run(connector()?));
        assert!(timeout(SHORT, &mut connecting).await.is_err());
        assert_eq!(sockets_to(hole.addr, State::SynSent)?, 1);
    }
    assert_eq!(sockets_to(hole.addr, State::SynSent)?, 0);

    let server = TcpListener::bind("127.0.0.1:0").await?;
    let addr = server.local_addr()?;
    let running = TcpConnector::new(Dialer::new(addr)?, until_goodbye);
    assert!(timeout(SHORT * 5, run(running)).await.is_err());
    let (mut stream, _) = server.accept().await?;
    assert_eq!(timeout(SOON, stream.read(&mut [0])).await??, 0);

    drop((server, stream));
    let waiting = TcpConnector::new(Dialer::new(addr)?, until_goodbye).delays([SOON]);
    assert!(timeout(SHORT * 5, run(waiting)).await.is_err());
    assert_eq!(
        sockets_to(addr, State::Established)? + sockets_to(addr, State::SynSent)?,
        0
    );
    assert_eq!(Handle::current().metrics().num_alive_tasks(), tasks);
    Ok(())
}
