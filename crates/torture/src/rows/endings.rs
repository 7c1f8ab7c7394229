//! Servers that end each connection, say nothing, or have a spare; and a shutdown in each state.

use std::io;
use std::time::Duration;

use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{
    Dialer, End, Exponential, Handle, Retry, Runner, Session, TcpConnector, Why, closed,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::time::{Instant, sleep, timeout};

use super::dials::{STABLE_AFTER, client, refusing};
use super::{Measured, check, talk};
use crate::client::{Client, listen};
use crate::process::descriptors;
use crate::scene::{PATIENCE, Scene};

const MINUTE: Duration = Duration::from_secs(60);

/// Logs in with a line, and is ready with the answer.
async fn log_in(mut stream: TcpStream, session: Session) -> io::Result<End> {
    stream.write_all(b"login\n").await?;
    while stream.read_u8().await? == b'.' {
        session.ready();
    }
    Err(closed())
}

pub(super) async fn closes() -> Measured {
    ends_each(Behaviour::Close, "end of file").await
}

pub(super) async fn resets() -> Measured {
    ends_each(Behaviour::Reset, "reset").await
}

pub(super) async fn login_then_close() -> Measured {
    ends_each(Behaviour::LoginThenClose(b".".into()), "end of file").await
}

/// A server that ends each connection is one outage, which is given up after its time or number of retries.
async fn ends_each(behaviour: Behaviour, cause: &str) -> Measured {
    let peer = Peer::start(behaviour).await?;
    let link = || {
        let dialer = Dialer::new(peer.addr())?;
        Ok::<_, io::Error>(TcpConnector::new(dialer, log_in).ready_when_marked())
    };
    let stays = Client::run(Runner::new(link()?), STABLE_AFTER);
    let limited = Retry::new(Exponential::default()).give_up_after(MINUTE / 2);
    let begin = Instant::now();
    let (gives_up, _running) = Runner::new(link()?.retry(limited)).spawn();
    let counted = Exponential::default().max_retries(10);
    let (counts, _counting) = Runner::new(link()?.retry(counted)).spawn();
    let _end = [gives_up.shutdown_on_drop(), counts.shutdown_on_drop()];
    let stopped = timeout(MINUTE, gives_up.stopped()).await?;
    let gave_up = begin.elapsed();
    let out = timeout(MINUTE, counts.stopped()).await?;
    sleep(MINUTE.saturating_sub(gave_up)).await;
    peer.switch(talk()).await?;
    stays.stable(PATIENCE).await?;
    let verdict = stays.end().await.verdict("", 1, Scene::attempts_in(MINUTE));
    let in_time = gave_up <= MINUTE / 2 + Duration::from_secs(1);
    let caused = [&stopped, &out].map(|it| {
        let as_expected = it.cause.as_ref().is_some_and(|it| it.contains(cause));
        it.why == Why::GaveUp && as_expected
    });
    let attempts = counts.stats().attempts;
    check(
        verdict.holds && in_time && caused == [true; 2] && attempts == 11,
        format!(
            "{}; {stopped} after {:.1} s of 30, and after {attempts} attempts of 11",
            verdict.numbers,
            gave_up.as_secs_f64()
        ),
    )
}

pub(super) async fn silent() -> Measured {
    let peer = Peer::start(Behaviour::Silent).await?;
    let client = client(Dialer::new(peer.addr())?);
    let answered = timeout(MINUTE, client.handle.connected()).await.is_ok();
    peer.switch(talk()).await?;
    client.stable(PATIENCE).await?;
    let verdict = client.end().await.verdict("", 1, 8);
    check(verdict.holds && !answered, verdict.numbers)
}

/// The spare is found at once; with failback the client is back when the primary is well.
pub(super) async fn primary_closes() -> Measured {
    let primary = Peer::start(Behaviour::Close).await?.patience(PATIENCE);
    let spare = Peer::start(talk()).await?;
    let every = 2 * STABLE_AFTER;
    let run = |failback: bool| {
        let dialer = Dialer::any_of([primary.addr(), spare.addr()])?;
        let link = TcpConnector::new(dialer, |stream, session| {
            listen(stream, session, STABLE_AFTER)
        });
        let link = link.ready_when_marked();
        let link = if failback { link.failback(every) } else { link };
        Ok::<_, io::Error>(Client::run(Runner::new(link), STABLE_AFTER))
    };
    let (stays, returns) = (run(false)?, run(true)?);
    stays.stable(PATIENCE).await?;
    returns.stable(PATIENCE).await?;
    let attempts = [&stays, &returns].map(|it| it.handle.stats().attempts);
    primary.switch(talk()).await?;
    let begin = Instant::now();
    primary.live(1).await?;
    let back = begin.elapsed();
    returns.stable(PATIENCE).await?;
    let (stays, returns) = (stays.end().await, returns.end().await);
    let calm = stays.verdict("", 1, 3).holds && returns.verdict("", 1, 4).holds;
    let seconds = back.as_secs_f64();
    let measured = format!(
        "spare after {attempts:?} attempts; failback each {every:?}: back after {seconds:.1} s"
    );
    check(calm && attempts.iter().all(|it| *it <= 3), measured)
}

/// Clients are dropped while they dial, wait, log in, and are ready; and later, when one is stable.
pub(super) async fn dropped() -> Measured {
    let (hole, silent) = (Behaviour::BlackHole, Behaviour::Silent);
    let (hole, silent) = (Peer::start(hole).await?, Peer::start(silent).await?);
    let peer = Peer::start(talk()).await?;
    let tasks = || runtime::Handle::current().metrics().num_alive_tasks();
    let before = (descriptors()?, tasks());
    let mut states = Vec::new();
    for after in [STABLE_AFTER / 2, STABLE_AFTER + STABLE_AFTER / 2] {
        let addrs = [hole.addr(), refusing().await?, silent.addr(), peer.addr()];
        let clients = addrs.map(|addr| Dialer::new(addr).map(client));
        sleep(after).await;
        for client in clients {
            states.push(client?.handle.status().to_string());
        }
        // The peers take a moment.
        sleep(STABLE_AFTER / 10).await;
        let left = (descriptors()?, tasks());
        check(left == before, format!("{left:?} of {before:?} are left"))?;
    }
    Ok(format!("no descriptor and no task is left of {states:?}"))
}

/// A dial, a wait and a connection end at once, and a handler that has asked has five seconds.
pub(super) async fn shutdown() -> Measured {
    let (hole, peer) = (
        Peer::start(Behaviour::BlackHole).await?,
        Peer::start(talk()).await?,
    );
    let begin = Instant::now();
    let stubborn = TcpConnector::new(
        Dialer::new(peer.addr())?,
        async |_: TcpStream, session: Session| {
            session.stopping().await;
            sleep(MINUTE).await;
            io::Result::Ok(End::Exit)
        },
    );
    let (stubborn, _running) = Runner::new(stubborn).spawn();
    let clients = [hole.addr(), refusing().await?, peer.addr()];
    let clients = clients.map(|addr| Dialer::new(addr).map(client));
    sleep(STABLE_AFTER / 2).await;
    let mut took = Vec::new();
    let mut end = async |handle: &Handle| {
        let begin = Instant::now();
        handle.shutdown();
        let stopped = timeout(PATIENCE, handle.stopped()).await?;
        took.push(begin.elapsed());
        check(stopped.why == Why::Shutdown, stopped.to_string())
    };
    for client in clients {
        end(&client?.handle).await?;
    }
    end(&stubborn).await?;
    let grace = took[3].abs_diff(Duration::from_secs(5));
    let late = Duration::from_millis(100);
    let holds = took[..3].iter().all(|it| *it < late) && grace < late;
    check(
        holds,
        format!("{took:.3?}, begun {:.0?} before", begin.elapsed()),
    )
}
