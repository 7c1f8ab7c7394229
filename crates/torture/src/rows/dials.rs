use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{Answers, Dialer, Order, Resolve};
use tokio::time::{Instant, sleep, timeout};

use super::{Measured, check, talk};
use crate::client::Client;

/// The defaults of the dialer and of the loop.
const TIMEOUT: Duration = Duration::from_secs(10);
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
pub(super) const STABLE_AFTER: Duration = Duration::from_secs(10);
/// What the machine may add.
const LATE: Duration = Duration::from_millis(100);

/// A name with these addresses.
struct Fixed(Vec<SocketAddr>);

impl Resolve for Fixed {
    async fn resolve(&self, _: &str, _: u16, answers: &Answers) -> io::Result<()> {
        self.0.iter().for_each(|&addr| answers.push(addr));
        Ok(())
    }
}

fn within(measured: Duration, least: Duration) -> Measured {
    let holds = measured >= least && measured <= least + LATE;
    check(
        holds,
        format!("{:.3} s, {least:?} expected", measured.as_secs_f64()),
    )
}

pub(super) async fn black_hole() -> Measured {
    let hole = Peer::start(Behaviour::BlackHole).await?;
    let begin = Instant::now();
    let dialed = Dialer::new(hole.addr())?.dial().await;
    let took = begin.elapsed();
    check(dialed.is_err(), "it connected".to_owned()).and_then(|_| within(took, TIMEOUT))
}

pub(super) async fn dead_first() -> Measured {
    let (hole, good) = (
        Peer::start(Behaviour::BlackHole).await?,
        Peer::start(talk()).await?,
    );
    let names = Fixed(vec![hole.addr(), good.addr()]);
    let begin = Instant::now();
    Dialer::new("two.test:1")?.resolver(names).dial().await?;
    within(begin.elapsed(), ATTEMPT_DELAY)
}

pub(super) async fn dead_addresses(count: usize) -> Measured {
    reached(count, |addrs| {
        Ok(Dialer::new("many.test:1")?.resolver(Fixed(addrs)))
    })
    .await
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
    let took = ready(&client, 6 * TIMEOUT).await?;
    let attempts = client.handle.stats().attempts;
    check(
        attempts <= 4,
        format!("{:.1} s, {attempts} dials", took.as_secs_f64()),
    )
}

/// The server is well again while a dial hangs that began before.
pub(super) async fn retry_now() -> Measured {
    let hole = Peer::start(Behaviour::BlackHole).await?;
    let client = client(Dialer::new(hole.addr())?);
    sleep(TIMEOUT / 2).await;
    hole.switch(talk()).await?;
    client.handle.retry_now();
    let took = ready(&client, TIMEOUT).await?;
    let measured = format!("connected after {:.3} s", took.as_secs_f64());
    check(took <= Duration::from_secs(1) + LATE, measured)
}

async fn ready(client: &Client, within: Duration) -> io::Result<Duration> {
    let begin = Instant::now();
    match timeout(within, client.handle.connected()).await {
        Ok(ready) => ready.map(|_| begin.elapsed()).map_err(io::Error::other),
        Err(late) => Err(io::Error::other(format!(
            "{late}: {}",
            client.handle.status()
        ))),
    }
}

/// A client with nothing but defaults, that waits for a first byte.
pub(super) fn client(dialer: Dialer) -> Client {
    Client::listener(dialer, TIMEOUT, STABLE_AFTER)
}
