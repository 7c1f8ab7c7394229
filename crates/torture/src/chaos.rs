//! Three clients of different settings, and servers that do at random all that networks and servers do.

mod service;
mod talk;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use fastrand::Rng;
use schmoozer_faults::Peer;
use schmoozer_tcp::{Dialer, Exponential, Jitter, Runner, TcpConnector};
use tokio::time::{Instant, sleep, timeout};

use crate::client::Client;
use crate::process::{descriptors, resident, threads};
use crate::scene::PATIENCE;
use crate::verdict::{self, Verdict};
pub(crate) use service::misbehave;

use service::Service;
use talk::{Gauge, drain, log_in, talk};

/// Three clients among servers that misbehave as a seed says.
#[derive(Debug, Clone, Copy)]
pub struct Chaos {
    /// For how long.
    pub duration: Duration,
    /// What goes wrong is drawn from this.
    pub seed: u64,
}

/// How long things go wrong at a time, until the clients must be back.
const STORM: Duration = Duration::from_secs(8);
/// The limit of a dial, of a login and of an answer.
const LIMIT: Duration = Duration::from_secs(1);
const STABLE_AFTER: Duration = Duration::from_secs(1);
/// A client that has just found a dead connection out may wait for the longest delay, and then dial and log in; and the
/// machine is busy.
const BACK: Duration = Duration::from_secs(5);

/// A client, and the server that is its own.
struct Pair {
    name: &'static str,
    client: Client,
    gauge: Gauge,
    peer: Peer,
    service: Arc<Service>,
}

impl Chaos {
    /// Goes on until the time is over, and judges. `tell` receives a line after each storm.
    ///
    /// # Errors
    ///
    /// When a server cannot do what it should, or a client is not back.
    pub async fn run(self, mut tell: impl FnMut(&str)) -> io::Result<Vec<Verdict>> {
        let mut rng = Rng::with_seed(self.seed);
        let pairs = [plain().await?, upgraded().await?, queue().await?];
        let (mut slowest, mut memory) = (calm(&pairs).await?, Vec::new());
        let (open, running) = (descriptors()?, threads()?);
        let (mut most_open, mut most_running) = (open, running);
        let storm = STORM.min(self.duration);
        let begin = Instant::now();
        while begin.elapsed() < self.duration {
            let [plain, upgraded, queue] = &pairs;
            tokio::try_join!(
                plain.storm(storm, rng.fork()),
                upgraded.storm(storm, rng.fork()),
                queue.storm(storm, rng.fork()),
            )?;
            slowest = slowest.max(calm(&pairs).await?);
            // The server soon closes connections whose client is gone.
            let settled = Instant::now();
            while descriptors()? > open && settled.elapsed() < BACK {
                sleep(LIMIT / 10).await;
            }
            most_open = most_open.max(descriptors()?);
            most_running = most_running.max(threads()?);
            memory.push(resident()?);
            let outages: u64 = pairs
                .iter()
                .map(|it| it.client.handle.stats().outages)
                .sum();
            tell(&format!(
                "{:>3} s: {outages} outages, all are back",
                begin.elapsed().as_secs()
            ));
        }
        let seconds = begin.elapsed().as_secs();
        let mut verdicts = vec![
            Verdict::new(
                "back",
                slowest <= BACK,
                format!("within {:.2} s of {BACK:?}", slowest.as_secs_f64()),
            ),
            verdict::on_memory(&memory),
            flat("descriptors", open, most_open),
            flat("threads", running, most_running),
        ];
        for pair in pairs {
            verdicts.extend(pair.end(seconds).await);
        }
        Ok(verdicts)
    }
}

fn flat<N: Copy + PartialOrd + std::fmt::Display>(on: &'static str, before: N, most: N) -> Verdict {
    let numbers = format!("{before} before, at most {most} after a storm");
    Verdict::new(on, most <= before, numbers)
}

/// Waits until all are back and stable, and returns how long the slowest took to be ready.
async fn calm(pairs: &[Pair]) -> io::Result<Duration> {
    let begin = Instant::now();
    for pair in pairs {
        let ready = timeout(PATIENCE, pair.client.handle.connected()).await;
        ready?.map_err(io::Error::other)?;
    }
    let slowest = begin.elapsed();
    for pair in pairs {
        pair.client.stable(PATIENCE).await?;
    }
    Ok(slowest)
}

impl Pair {
    /// Has one thing after the other go wrong, and then nothing.
    async fn storm(&self, length: Duration, mut rng: Rng) -> io::Result<()> {
        let begin = Instant::now();
        while begin.elapsed() < length {
            self.service.misbehave(&self.peer, &mut rng).await?;
            sleep(Duration::from_millis(rng.u64(50..1_500))).await;
        }
        self.service.behave(&self.peer).await
    }

    async fn end(self, seconds: u64) -> Vec<Verdict> {
        let name = self.name;
        let report = self.client.end().await;
        let attempts = 3 * seconds + 12 * (report.outages + 1);
        let (overlaps, served) = (self.gauge.overlaps(), self.service.served());
        let holds = overlaps == 0 && served.is_ok();
        let numbers = served.map_or_else(
            |fault| fault,
            |count| format!("{count} requests in order, {overlaps} connections beside another"),
        );
        let requests = Verdict::new(name, holds, numbers);
        vec![report.verdict(name, report.outages, attempts), requests]
    }
}

async fn plain() -> io::Result<Pair> {
    pair("plain", |dialer, gauge| {
        let next = Arc::default();
        let link = TcpConnector::new(dialer, move |mut stream, session| {
            let (live, next) = (gauge.enter(), Arc::clone(&next));
            async move {
                let _live = live;
                log_in(&mut stream).await?;
                session.ready();
                talk(stream, session, &next).await
            }
        });
        Runner::new(link.ready_when_marked().stable_after(STABLE_AFTER))
    })
    .await
}

async fn upgraded() -> io::Result<Pair> {
    pair("upgraded", |dialer, gauge| {
        let next = Arc::default();
        let upgrade = move |mut stream| {
            let live = gauge.enter();
            async move { log_in(&mut stream).await.map(|()| (stream, live)) }
        };
        let link = TcpConnector::upgraded(dialer, upgrade, move |(stream, live), session| {
            let next = Arc::clone(&next);
            async move {
                let _live = live;
                talk(stream, session, &next).await
            }
        });
        let policy = Exponential::new(Duration::from_millis(20));
        let policy = policy.cap(LIMIT / 2).jitter(Jitter::Equal);
        Runner::new(link.retry(policy).stable_after(STABLE_AFTER))
    })
    .await
}

async fn queue() -> io::Result<Pair> {
    pair("queue", |dialer, gauge| {
        let link = TcpConnector::with_state(dialer, (AtomicU64::default(), gauge), drain);
        let link = link.ready_when_marked().stable_after(STABLE_AFTER);
        Runner::new(link).max_age(3 * LIMIT)
    })
    .await
}

async fn pair<C>(
    name: &'static str,
    runner: impl FnOnce(Dialer, Gauge) -> Runner<'static, C>,
) -> io::Result<Pair>
where
    C: schmoozer_tcp::Connector<Error = io::Error> + 'static,
{
    let service = Arc::<Service>::default();
    let peer = Peer::start(service.behaviour()).await?;
    let gauge = Gauge::default();
    let watched = gauge.clone();
    let dialer = Dialer::new(peer.addr())?
        .timeout(LIMIT)
        .before_connect(move |_, _| {
            watched.none();
            Ok(())
        });
    let client = Client::run(runner(dialer, gauge.clone()), STABLE_AFTER);
    Ok(Pair {
        name,
        client,
        gauge,
        peer,
        service,
    })
}
