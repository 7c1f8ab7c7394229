use std::io;
use std::iter;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use schmoozer_faults::{Behaviour, Checker, Peer};
use schmoozer_tcp::{Dialer, Runner, Session, TcpConnector};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::dials::{Names, STABLE_AFTER, client, ready, refusing};
use super::{Measured, check, talk};
use crate::client::{Client, listen};
use crate::scene::{PATIENCE, Scene};

/// For how long something is wrong.
const BAD: Duration = Duration::from_secs(10);
/// The longest delay of the default policy, and what the machine adds.
const BACK: Duration = Duration::from_millis(1_100);

/// Waits for a while in which a client cannot be connected.
pub(super) async fn kept_off(client: &Client) -> io::Result<()> {
    sleep(BAD).await;
    let is_off = client.handle.outage().is_some();
    check(is_off, "nothing was wrong".to_owned()).map(drop)
}

/// Nothing keeps the client off any more: it is back within one delay, and that was one outage.
pub(super) async fn is_back(client: Client) -> Measured {
    let back = ready(&client, PATIENCE).await?;
    client.stable(PATIENCE).await?;
    let attempts = Scene::attempts_in(BAD);
    let verdict = client.end().await.verdict("", 1, attempts);
    let measured = format!("back after {back:.2?}; {}", verdict.numbers);
    check(back <= BACK && verdict.holds, measured)
}

pub(super) async fn not_there_yet() -> Measured {
    let peer = Peer::start(Behaviour::Refuse).await?;
    let client = client(Dialer::new(peer.addr())?);
    kept_off(&client).await?;
    peer.switch(talk()).await?;
    is_back(client).await
}

/// A hundred tasks ask for an attempt ten times a second.
pub(super) async fn impatience() -> Measured {
    let peer = Peer::start(Behaviour::Refuse).await?;
    let serve = |stream, session| listen(stream, session, STABLE_AFTER);
    let link = TcpConnector::new(Dialer::new(peer.addr())?, serve).ready_when_marked();
    let client = Client::checked(Runner::new(link), Checker::within(BACK).with_requests());
    let tasks: JoinSet<()> = iter::repeat_n(client.handle.clone(), 100)
        .map(|handle| async move {
            loop {
                handle.retry_now();
                sleep(BAD / 100).await;
            }
        })
        .collect();
    kept_off(&client).await?;
    drop(tasks);
    peer.switch(talk()).await?;
    is_back(client).await
}

pub(super) async fn restart() -> Measured {
    let peer = Peer::start(talk()).await?;
    let client = client(Dialer::new(peer.addr())?);
    client.stable(PATIENCE).await?;
    peer.stop().await?;
    kept_off(&client).await?;
    peer.switch(talk()).await?;
    is_back(client).await
}

pub(super) async fn no_answer() -> Measured {
    named([]).await
}

pub(super) async fn moves() -> Measured {
    named([refusing().await?]).await
}

/// A name has these addresses, and then a good one.
async fn named(before: impl IntoIterator<Item = SocketAddr>) -> Measured {
    let (names, good) = (Names::default(), Peer::start(talk()).await?);
    names.set(before);
    let client = client(names.dialer()?);
    kept_off(&client).await?;
    names.set([good.addr()]);
    is_back(client).await
}

/// As a host without IPv6 answers.
pub(super) async fn missing_family() -> Measured {
    let (names, good) = (Names::default(), Peer::start(talk()).await?);
    let missing = "[2001:db8::1]:1".parse().map_err(io::Error::other)?;
    names.set([missing]);
    let dialer = names.dialer()?.before_connect(|_, addr| {
        let eafnosupport = io::Error::from_raw_os_error(97);
        addr.is_ipv4().then_some(()).ok_or(eafnosupport)
    });
    let client = client(dialer);
    kept_off(&client).await?;
    names.set([missing, good.addr()]);
    is_back(client).await
}

/// As a filter of a cgroup answers.
pub(super) async fn forbidden() -> Measured {
    let (peer, allowed) = (Peer::start(talk()).await?, Arc::new(AtomicBool::new(false)));
    let is_allowed = Arc::clone(&allowed);
    let dialer = Dialer::new(peer.addr())?.before_connect(move |_, _| {
        let eperm = io::Error::from_raw_os_error(1);
        let is_allowed = is_allowed.load(Ordering::Relaxed);
        is_allowed.then_some(()).ok_or(eperm)
    });
    let client = client(dialer);
    kept_off(&client).await?;
    allowed.store(true, Ordering::Relaxed);
    is_back(client).await
}

pub(super) async fn handler_fails() -> Measured {
    let (peer, well) = (Peer::start(talk()).await?, Arc::new(AtomicBool::new(false)));
    let is_well = Arc::clone(&well);
    let serve = move |stream, session: Session| {
        let is_well = is_well.load(Ordering::Relaxed);
        async move {
            match session.id() % 2 {
                _ if is_well => listen(stream, session, STABLE_AFTER).await,
                0 => Err(io::ErrorKind::InvalidInput.into()),
                _ => Err(io::ErrorKind::PermissionDenied.into()),
            }
        }
    };
    let link = TcpConnector::new(Dialer::new(peer.addr())?, serve);
    let client = Client::marked(link, STABLE_AFTER);
    kept_off(&client).await?;
    well.store(true, Ordering::Relaxed);
    is_back(client).await
}

pub(super) async fn reset_once() -> Measured {
    let peer = Peer::start(talk()).await?;
    let client = client(Dialer::new(peer.addr())?);
    client.stable(PATIENCE).await?;
    peer.reset_live().await?;
    client.lost(PATIENCE).await?;
    let cause = client.handle.outage().map(|it| it.first_cause);
    let cause = cause.unwrap_or_default();
    client.stable(PATIENCE).await?;
    let verdict = client.end().await.verdict("", 1, 2);
    let holds = verdict.holds && peer.counts().accepted == 2 && cause.contains("reset");
    check(holds, format!("{}, {cause}", verdict.numbers))
}
