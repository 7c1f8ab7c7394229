use std::io;
use std::time::Duration;

use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{Dialer, End, Exponential, Retry, Runner, Session, TcpConnector, Why, closed};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::dials::{STABLE_AFTER, client};
use super::{Measured, check, talk};
use crate::client::{Client, listen};
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

pub(super) async fn login_then_close() -> Measured {
    let peer = Peer::start(Behaviour::LoginThenClose(b".".into())).await?;
    let link = || {
        Ok::<_, io::Error>(TcpConnector::new(Dialer::new(peer.addr())?, log_in).ready_when_marked())
    };
    let stays = Client::run(Runner::new(link()?), STABLE_AFTER);
    let limited = Retry::new(Exponential::default()).give_up_after(MINUTE / 2);
    let begin = Instant::now();
    let (gives_up, _running) = Runner::new(link()?.retry(limited)).spawn();
    let _end = gives_up.shutdown_on_drop();
    let stopped = timeout(MINUTE, gives_up.stopped()).await?;
    let gave_up = begin.elapsed();
    sleep(MINUTE.saturating_sub(gave_up)).await;
    peer.switch(talk()).await?;
    stays.stable(PATIENCE).await?;
    let verdict = stays.end().await.verdict("", 1, Scene::attempts_in(MINUTE));
    let in_time = stopped.why == Why::GaveUp && gave_up <= MINUTE / 2 + Duration::from_secs(1);
    let seconds = gave_up.as_secs_f64();
    check(
        verdict.holds && in_time,
        format!("{}; {stopped} after {seconds:.1} s of 30", verdict.numbers),
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
