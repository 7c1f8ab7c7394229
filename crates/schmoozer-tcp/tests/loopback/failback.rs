//! Returning to the first endpoint while a spare works.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{Connector, Dialer, End, Session, Status, TcpConnector, closed};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::connector::{SHORT, SOON, STEADY};
use crate::{Result, checker};

const EVERY: Duration = Duration::from_millis(60);

/// Serves until the peer closes, or a goodbye is due.
async fn serve(mut stream: TcpStream, session: Session) -> io::Result<End> {
    let mut byte = [0];
    tokio::select! {
        _ = stream.read(&mut byte) => Err(closed()),
        end = session.stopping() => Ok(end),
    }
}

fn failing_back(peers: [&Peer; 2]) -> Result<impl Connector<Error = io::Error> + 'static> {
    let dialer = Dialer::any_of(peers.map(Peer::addr))?;
    let connector = TcpConnector::new(dialer, serve).failback(EVERY);
    Ok(connector.stable_after(SHORT).retry(STEADY))
}

/// Row 44: back on the primary when it is well, on the connection that was dialed beside, and without a failure.
#[tokio::test]
async fn a_stable_spare_is_renewed_onto_the_first_endpoint_when_that_is_well() -> Result {
    let first = Peer::start(Behaviour::Refuse).await?;
    let spare = Peer::start(Behaviour::Echo).await?;
    let runner = checker().stable_after(SHORT);
    let (handle, task) = runner.runner(failing_back([&first, &spare])?).spawn();
    handle.connected().await?;
    sleep(EVERY * 3).await;
    assert_eq!((first.counts().live, spare.counts().live), (0, 1));

    first.switch(Behaviour::Echo).await?;
    first.live(1).await?;
    spare.live(0).await?;
    // It stays there.
    sleep(EVERY * 4).await;
    assert_eq!((first.counts().accepted, spare.counts().accepted), (1, 1));
    let stats = handle.stats();
    assert_eq!((stats.attempts, stats.connections), (2, 2));
    assert_eq!((stats.failures, stats.outages), (0, 0));
    handle.shutdown();
    Ok(timeout(SOON, task).await???)
}

#[tokio::test]
async fn the_handler_of_the_spare_is_told_and_has_its_grace() -> Result {
    let first = Peer::start(Behaviour::Echo).await?;
    let spare = Peer::start(Behaviour::Echo).await?;
    let told = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&told);
    // The first endpoint is dead to the first dial.
    let dialer = Dialer::any_of([first.addr(), spare.addr()])?;
    let (first_addr, mut dials) = (first.addr(), 0);
    let forbidden = Mutex::new(move |addr| {
        dials += u32::from(addr == first_addr);
        addr == first_addr && dials == 1
    });
    let dialer = dialer.before_connect(move |_, addr| {
        let mut forbidden = forbidden.lock().expect("no test panics here");
        if forbidden(addr) {
            Err(io::ErrorKind::PermissionDenied.into())
        } else {
            Ok(())
        }
    });
    let connector = TcpConnector::new(dialer, move |stream: TcpStream, session: Session| {
        let seen = Arc::clone(&seen);
        async move {
            let end = session.stopping().await;
            let begun = Instant::now();
            sleep(EVERY * 5).await;
            let peer = stream.peer_addr()?;
            seen.lock()
                .expect("no test panics here")
                .push((peer, end, begun.elapsed()));
            io::Result::Ok(end)
        }
    });
    let connector = connector.failback(EVERY).stable_after(SHORT).retry(STEADY);
    let (handle, task) = checker().stable_after(SHORT).runner(connector).spawn();
    first.live(1).await?;
    spare.live(0).await?;
    handle.connected().await?;
    let said = told.lock().expect("no test panics here").clone();
    assert!(
        matches!(said[..], [(peer, End::Renew, took)]
        if peer == spare.addr() && took >= EVERY * 5),
        "{said:?}"
    );
    assert_eq!(handle.stats().failures, 0);
    handle.shutdown();
    Ok(timeout(SOON, task).await???)
}

/// A first endpoint that is not stable is left alone for longer and longer, until it has been stable.
#[tokio::test]
async fn the_time_doubles_while_the_first_endpoint_is_not_stable() -> Result {
    let first = Peer::start(Behaviour::Refuse).await?;
    let spare = Peer::start(Behaviour::Echo).await?;
    let connector = failing_back([&first, &spare])?;
    let (handle, task) = checker().stable_after(SHORT).runner(connector).spawn();
    handle.connected().await?;
    first.switch(Behaviour::Close).await?;
    first.accepted(4).await?;
    let times = first.accept_times();
    for (pair, doubled) in times.windows(2).zip([2, 4, 8]) {
        let waited = pair[1] - pair[0];
        assert!(
            waited >= EVERY * doubled * 9 / 10,
            "{waited:?} for {doubled}"
        );
    }

    first.switch(Behaviour::Echo).await?;
    first.live(1).await?;
    let is_stable = |status: &Status| matches!(status, Status::Connected { stable: true, .. });
    timeout(SOON, handle.watch().wait_for(is_stable)).await??;
    let before = first.counts().accepted;
    first.stop().await?;
    spare.live(1).await?;
    let lost = Instant::now();
    first.switch(Behaviour::Echo).await?;
    first.accepted(before + 1).await?;
    let waited = lost.elapsed();
    assert!(
        waited < EVERY * 14,
        "32-fold at worst, and once now: {waited:?}"
    );
    handle.shutdown();
    Ok(timeout(SOON, task).await???)
}

/// The spare of a connection that failed back is behind it again, also for a renewal.
#[tokio::test]
async fn a_renewal_of_the_first_endpoint_stays_there() -> Result {
    // It closes the first connection, and then it is well.
    let first = Peer::start(Behaviour::Close).await?;
    let spare = Peer::start(Behaviour::Echo).await?;
    let connector = failing_back([&first, &spare])?;
    let runner = checker().stable_after(SHORT).with_requests();
    let (handle, task) = runner.runner(connector).spawn();
    spare.live(1).await?;
    first.switch(Behaviour::Echo).await?;
    first.live(1).await?;
    spare.live(0).await?;
    let is_stable = |status: &Status| matches!(status, Status::Connected { stable: true, .. });
    timeout(SOON, handle.watch().wait_for(is_stable)).await??;
    let (before, spares) = (first.counts().accepted, spare.counts().accepted);
    handle.renew();
    first.accepted(before + 1).await?;
    assert_eq!(spare.counts().accepted, spares);
    handle.shutdown();
    Ok(timeout(SOON, task).await???)
}

/// Without another order: in turn, the next dial after a loss would begin with the spare.
#[tokio::test]
async fn the_first_endpoint_is_dialed_first_while_it_is_well() -> Result {
    let first = Peer::start(Behaviour::Echo).await?;
    let spare = Peer::start(Behaviour::Echo).await?;
    let connector = failing_back([&first, &spare])?;
    let (handle, task) = checker().stable_after(SHORT).runner(connector).spawn();
    let is_stable = |status: &Status| matches!(status, Status::Connected { stable: true, .. });
    for connections in 1..=3 {
        first.accepted(connections).await?;
        timeout(SOON, handle.watch().wait_for(is_stable)).await??;
        first.close_live().await?;
    }
    first.accepted(4).await?;
    assert_eq!(spare.counts().accepted, 0);
    handle.shutdown();
    Ok(timeout(SOON, task).await???)
}

#[tokio::test]
async fn a_spare_that_is_not_stable_is_left_alone() -> Result {
    let first = Peer::start(Behaviour::Close).await?;
    let spare = Peer::start(Behaviour::Echo).await?;
    let dialer = Dialer::any_of([first.addr(), spare.addr()])?;
    let connector = TcpConnector::new(dialer, serve)
        .failback(SHORT)
        .retry(STEADY);
    let (handle, task) = checker().runner(connector).spawn();
    spare.live(1).await?;
    sleep(SHORT * 30).await;
    assert_eq!((first.counts().accepted, spare.counts().accepted), (1, 1));
    handle.shutdown();
    Ok(timeout(SOON, task).await???)
}

/// A first endpoint that takes connections and no login disturbs no spare.
#[tokio::test]
async fn an_upgrade_of_the_first_endpoint_that_fails_leaves_the_spare_alone() -> Result {
    let first = Peer::start(Behaviour::Close).await?;
    let spare = Peer::start(Behaviour::Drip(b"h".into(), SOON * 2)).await?;
    let greeted = async |mut stream: TcpStream| {
        stream.read_u8().await?;
        io::Result::Ok(stream)
    };
    let dialer = Dialer::any_of([first.addr(), spare.addr()])?;
    let connector = TcpConnector::upgraded(dialer, greeted, serve)
        .failback(SHORT * 2)
        .stable_after(SHORT)
        .retry(STEADY);
    let (handle, task) = checker().stable_after(SHORT).runner(connector).spawn();
    first.accepted(4).await?;
    assert_eq!((spare.counts().accepted, spare.counts().live), (1, 1));
    assert_eq!(handle.stats().failures, 1);
    handle.shutdown();
    Ok(timeout(SOON, task).await???)
}

/// A loop that ends while it fails back leaves no socket open, and its connector can be run again.
#[tokio::test]
async fn a_shutdown_while_it_fails_back_closes_the_connection_that_was_dialed_beside() -> Result {
    let first = Peer::start(Behaviour::Refuse).await?;
    let spare = Peer::start(Behaviour::Echo).await?;
    let dialer = Dialer::any_of([first.addr(), spare.addr()])?;
    let slow = async |_stream: TcpStream, session: Session| {
        session.stopping().await;
        sleep(SOON * 2).await;
        io::Result::Ok(End::Exit)
    };
    let connector = TcpConnector::new(dialer, slow).failback(EVERY);
    let mut connector = connector.stable_after(SHORT).retry(STEADY);
    let runner = checker().stable_after(SHORT).with_requests();
    let runner = runner.runner(&mut connector).grace(EVERY * 10);
    let handle = runner.handle();
    let operator = async {
        handle.connected().await?;
        first.switch(Behaviour::Echo).await?;
        first.live(1).await?;
        handle.shutdown();
        Result::Ok(())
    };
    let (ended, operated) = tokio::join!(timeout(SOON, runner.run()), operator);
    operated?;
    ended??;
    first.live(0).await?;
    spare.live(0).await?;

    let (handle, task) = checker().stable_after(SHORT).runner(connector).spawn();
    first.live(1).await?;
    assert_eq!(first.counts().accepted, 2);
    handle.shutdown();
    drop(first);
    task.abort();
    Ok(())
}

/// A handler that ends the loop when it is told to fail back leaves no socket open.
#[tokio::test]
async fn an_exit_while_it_fails_back_closes_the_connection_that_was_dialed_beside() -> Result {
    let first = Peer::start(Behaviour::Refuse).await?;
    let spare = Peer::start(Behaviour::Echo).await?;
    let dialer = Dialer::any_of([first.addr(), spare.addr()])?;
    let leaves = async |_stream: TcpStream, session: Session| {
        session.stopping().await;
        io::Result::Ok(End::Exit)
    };
    let connector = TcpConnector::new(dialer, leaves).failback(EVERY);
    let mut connector = connector.stable_after(SHORT).retry(STEADY);
    let runner = checker().stable_after(SHORT).runner(&mut connector);
    let handle = runner.handle();
    let back = async {
        handle.connected().await?;
        first.switch(Behaviour::Echo).await?;
        Result::Ok(())
    };
    let (ended, back) = tokio::join!(timeout(SOON, runner.run()), back);
    back?;
    ended??;
    first.accepted(1).await?;
    first.live(0).await?;
    drop(connector);
    Ok(())
}

/// A connection that was dialed beside needs no network that the program would have to wait for.
#[tokio::test]
async fn a_failback_is_served_also_while_the_program_says_offline() -> Result {
    let first = Peer::start(Behaviour::Refuse).await?;
    let spare = Peer::start(Behaviour::Echo).await?;
    let (network, online) = tokio::sync::watch::channel(true);
    let runner = checker().stable_after(SHORT).held_up();
    let runner = runner.runner(failing_back([&first, &spare])?);
    let (handle, task) = runner.while_online(online).spawn();
    handle.connected().await?;
    network.send(false)?;
    first.switch(Behaviour::Echo).await?;
    first.live(1).await?;
    spare.live(0).await?;
    timeout(SOON, handle.connected()).await??;
    assert_eq!(handle.stats().connections, 2);
    handle.shutdown();
    Ok(timeout(SOON, task).await???)
}
