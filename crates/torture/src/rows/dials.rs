use std::future::pending;
use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::time::Duration;

use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{Answers, DialError, Dialer, Order, Resolve};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::{Measured, check, talk};
use crate::client::Client;

/// The defaults of the dialer and of the loop.
const TIMEOUT: Duration = Duration::from_secs(10);
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
pub(super) const STABLE_AFTER: Duration = Duration::from_secs(10);
/// How much later than planned a dial may be.
const LATE: Duration = Duration::from_millis(20);

/// A name with these addresses, and no answer while it has none.
#[derive(Clone, Default)]
pub(super) struct Names(watch::Sender<Vec<SocketAddr>>);

impl Names {
    pub(super) fn set(&self, addrs: impl IntoIterator<Item = SocketAddr>) {
        self.0.send_replace(addrs.into_iter().collect());
    }

    /// A dialer of the name.
    pub(super) fn dialer(&self) -> io::Result<Dialer> {
        Ok(Dialer::new("db.test:1")?.resolver(self.clone()))
    }
}

impl Resolve for Names {
    async fn resolve(&self, _: &str, _: u16, answers: &Answers) -> io::Result<()> {
        let addrs = self.0.borrow().clone();
        if addrs.is_empty() {
            return Err(io::Error::other("the name server is down"));
        }
        for addr in addrs {
            answers.push(addr);
        }
        Ok(())
    }
}

fn named(addrs: impl IntoIterator<Item = SocketAddr>) -> io::Result<Dialer> {
    let names = Names::default();
    names.set(addrs);
    names.dialer()
}

/// Never answers.
struct Hangs;

impl Resolve for Hangs {
    async fn resolve(&self, _: &str, _: u16, _: &Answers) -> io::Result<()> {
        pending().await
    }
}

/// Dials beside a bare timer that is due at the same moment: what a machine that is busy adds, it adds to both.
async fn exact(
    dialer: Dialer,
    due: Duration,
    expected: impl FnOnce(&Result<TcpStream, DialError>) -> bool,
) -> Measured {
    let begin = Instant::now();
    let timer = async {
        sleep(due).await;
        begin.elapsed()
    };
    let dial = async { (dialer.dial().await, begin.elapsed()) };
    let (timer, (outcome, took)) = tokio::join!(timer, dial);
    let holds = took >= due && took <= timer + LATE && expected(&outcome);
    let measured = format!("{took:.3?}, a bare timer {timer:.3?}, due after {due:.0?}");
    match outcome {
        Err(error) => check(holds, format!("{measured}: {error}")),
        Ok(_) => check(holds, measured),
    }
}

/// Nothing listens there.
pub(super) async fn refusing() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0").await?.local_addr()
}

pub(super) async fn black_hole() -> Measured {
    let hole = Peer::start(Behaviour::BlackHole).await?;
    exact(Dialer::new(hole.addr())?, TIMEOUT, Result::is_err).await
}

pub(super) async fn dead_first() -> Measured {
    let hole = Peer::start(Behaviour::BlackHole).await?;
    let good = Peer::start(talk()).await?;
    let dialer = named([hole.addr(), good.addr()])?;
    exact(dialer, ATTEMPT_DELAY, Result::is_ok).await
}

pub(super) async fn refused_first() -> Measured {
    let good = Peer::start(talk()).await?;
    let dialer = named([refusing().await?, good.addr()])?;
    exact(dialer, Duration::ZERO, Result::is_ok).await
}

pub(super) async fn all_fail() -> Measured {
    let hole = Peer::start(Behaviour::BlackHole).await?;
    let addrs = [refusing().await?, hole.addr()];
    exact(named(addrs)?, TIMEOUT, |dialed| {
        let error = dialed.as_ref().err();
        let tried = error.map(DialError::tried).unwrap_or_default();
        let seen: Vec<_> = tried.iter().map(|it| (it.addr, it.error.kind())).collect();
        let kinds = [io::ErrorKind::ConnectionRefused, io::ErrorKind::TimedOut];
        seen == [(Some(addrs[0]), kinds[0]), (Some(addrs[1]), kinds[1])]
    })
    .await
}

pub(super) async fn dead_v6() -> Measured {
    let hole = || Peer::start_at((Ipv6Addr::LOCALHOST, 0), Behaviour::BlackHole);
    let (one, other, good) = (hole().await?, hole().await?, Peer::start(talk()).await?);
    let dialer = named([&one, &other, &good].map(Peer::addr))?;
    exact(dialer, ATTEMPT_DELAY, Result::is_ok).await
}

pub(super) async fn hung_lookup() -> Measured {
    let dialer = Dialer::new("db.test:1")?.resolver(Hangs);
    exact(dialer, TIMEOUT, Result::is_err).await
}

pub(super) async fn dead_addresses(count: usize) -> Measured {
    reached(count, named).await
}

pub(super) async fn dead_endpoints(count: usize) -> Measured {
    reached(count, |addrs| {
        Ok(Dialer::any_of(addrs)?.order(Order::Failover))
    })
    .await
}

async fn reached(
    dead: usize,
    dialer: impl FnOnce(Vec<SocketAddr>) -> io::Result<Dialer>,
) -> Measured {
    let (mut holes, good) = (Vec::new(), Peer::start(talk()).await?);
    for _ in 0..dead {
        holes.push(Peer::start(Behaviour::BlackHole).await?);
    }
    let addrs = holes.iter().chain([&good]).map(Peer::addr).collect();
    let client = client(dialer(addrs)?);
    let seconds = ready(&client, 6 * TIMEOUT).await?.as_secs_f64();
    let attempts = client.handle.stats().attempts;
    let measured = format!("{dead}: {seconds:.1} s, {attempts} dials");
    check(attempts <= 4, measured)
}

/// The server works again while a dial hangs that began before.
pub(super) async fn retry_now() -> Measured {
    let hole = Peer::start(Behaviour::BlackHole).await?;
    let client = client(Dialer::new(hole.addr())?);
    sleep(TIMEOUT / 2).await;
    hole.switch(talk()).await?;
    client.handle.retry_now();
    let took = ready(&client, TIMEOUT).await?;
    let measured = format!("connected after {:.3} s", took.as_secs_f64());
    check(took <= Duration::from_secs(1), measured)
}

/// Waits until the client is ready, and returns how long that took.
pub(super) async fn ready(client: &Client, within: Duration) -> io::Result<Duration> {
    let begin = Instant::now();
    let connected = async {
        let connected = timeout(within, client.handle.connected()).await?;
        connected.map_err(io::Error::other)
    };
    let late = |why| io::Error::other(format!("{why}: {}", client.handle.status()));
    connected.await.map_err(late)?;
    Ok(begin.elapsed())
}

/// A client with nothing but defaults, that waits for a first byte.
pub(super) fn client(dialer: Dialer) -> Client {
    Client::listener(dialer, TIMEOUT, STABLE_AFTER)
}
