//! Three clients of different settings, and a proxy before their server that does at random all that networks do.

mod proxy;
mod service;
mod talk;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use fastrand::Rng;
use schmoozer_faults::Peer;
use schmoozer_tcp::{Decorrelated, Dialer, Exponential, Jitter, Runner, Status, TcpConnector};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};

use crate::client::Client;
use crate::process::{descriptors, resident, threads};
use crate::scene::PATIENCE;
use crate::verdict::{self, Verdict};
pub(crate) use proxy::misbehave;
pub(crate) use service::Service;
pub(crate) use talk::{exchange, talk};

use proxy::Proxy;
use talk::log_in_and_talk;

/// Three clients behind a proxy that misbehaves as a seed says.
#[derive(Debug, Clone, Copy)]
pub struct Chaos {
    /// For how long.
    pub duration: Duration,
    /// What goes wrong is drawn from this.
    pub seed: u64,
}

/// The limit of a dial, of a login and of an answer.
const LIMIT: Duration = Duration::from_secs(1);
/// Longer than [`LIMIT`], so that a connection that is dead does not become stable.
const STABLE_AFTER: Duration = Duration::from_millis(1_500);
/// What a busy machine may add to a return.
const SLACK: Duration = Duration::from_secs(1);

impl Chaos {
    /// Goes on until the time is over, and judges. `tell` receives a line after each storm.
    ///
    /// # Errors
    ///
    /// When the proxy cannot do what it should.
    pub async fn run(self, mut tell: impl FnMut(&str)) -> io::Result<Vec<Verdict>> {
        let mut rng = Rng::with_seed(self.seed);
        let service = Arc::<Service>::default();
        let server = Peer::start(service.behaviour()).await?;
        let proxy = Proxy::start(server.addr()).await?;
        let begin = Instant::now();
        let seconds = || begin.elapsed().as_secs();
        let mut clients = start(proxy.peer.addr())?;
        all_back(&mut clients, begin).await;
        let (open, running, mut memory) = (descriptors()?, threads()?, Vec::new());
        let (mut most_open, mut most_running) = (open, running);
        while begin.elapsed() < self.duration {
            let well = proxy.storm(&mut rng).await?;
            all_back(&mut clients, well).await;
            // Each has one connection. What its client has closed is soon gone.
            let (settled, mut seen) = (Instant::now(), open + 1);
            while seen > open && settled.elapsed() < 5 * LIMIT {
                sleep(LIMIT / 10).await;
                let live = proxy.peer.live(3).await.and(server.live(3).await);
                if live.is_ok() {
                    seen = descriptors()?;
                }
            }
            most_open = most_open.max(seen);
            most_running = most_running.max(threads()?);
            memory.push(resident()?);
            tell(&format!("{:>3} s: {} storms", seconds(), memory.len()));
        }
        let mut verdicts = vec![
            verdict::on_memory(&memory),
            flat("descriptors", open, most_open),
            flat("threads", running, most_running),
        ];
        for client in clients {
            verdicts.extend(client.end(&service, seconds()).await);
        }
        Ok(verdicts)
    }
}

fn flat<N: Copy + PartialOrd + std::fmt::Display>(on: &'static str, before: N, most: N) -> Verdict {
    let numbers = format!("{before} before, at most {most} after a storm");
    Verdict::new(on, most <= before, numbers)
}

/// Waits until all are back from a storm.
async fn all_back([one, two, three]: &mut [Talker; 3], well: Instant) {
    tokio::join!(one.back(well), two.back(well), three.back(well));
}

/// A client that talks with the server through the proxy.
struct Talker {
    name: &'static str,
    login: u64,
    /// The longest delay of its policy, with the jitter.
    cap: Duration,
    client: Client,
    /// How long the slowest return took.
    slowest: Duration,
}

impl Talker {
    /// Waits until it is stable on a connection that came up after `well`, and notes how long it took to be ready.
    async fn back(&mut self, well: Instant) {
        let mut statuses = self.client.handle.watch();
        let stable = statuses.wait_for(|status| {
            matches!(*status, Status::Connected { since, stable: true, .. } if since >= well)
        });
        let _ = timeout(PATIENCE, stable).await;
        let took = well.elapsed().saturating_sub(STABLE_AFTER);
        self.slowest = self.slowest.max(took);
    }

    async fn end(self, service: &Service, seconds: u64) -> [Verdict; 2] {
        // The client finds out that a dial, a login or a request is lost, and waits for its longest delay. To dial and to
        // log in then takes a moment.
        let allowed = LIMIT + self.cap + SLACK;
        let (count, left_out) = service.count(self.login, 0);
        let numbers = format!(
            "back within {:.2} s of {:.2} s, {count} requests in order, {left_out} left out",
            self.slowest.as_secs_f64(),
            allowed.as_secs_f64()
        );
        let holds = self.slowest <= allowed && left_out == 0;
        let report = self.client.end().await;
        let attempts = 3 * seconds + 12 * (report.outages + 1);
        [
            report.verdict(self.name, report.outages, attempts),
            Verdict::new(self.name, holds, numbers),
        ]
    }
}

/// Dials for a client that never has two connections. It holds the permit of its gauge while it has one.
fn dialer(proxy: SocketAddr, gauge: &Arc<Semaphore>) -> io::Result<Dialer> {
    let gauge = Arc::clone(gauge);
    let dialer = Dialer::new(proxy)?.timeout(LIMIT);
    Ok(dialer.before_connect(move |_, _| {
        let permits = gauge.available_permits();
        assert_eq!(permits, 1, "there is a connection beside another");
        Ok(())
    }))
}

/// The clients, and what is different about them.
fn start(proxy: SocketAddr) -> io::Result<[Talker; 3]> {
    let link = |login| {
        let gauge = Arc::new(Semaphore::new(1));
        let dialer = dialer(proxy, &gauge)?;
        let state = (login, AtomicU64::default(), gauge);
        io::Result::Ok(TcpConnector::with_state(dialer, state, log_in_and_talk))
    };
    let plain = link(1)?.retry(Exponential::default().cap(LIMIT));
    let plain = Client::marked(plain, STABLE_AFTER);

    let (next, gauge) = (Arc::default(), Arc::new(Semaphore::new(1)));
    let dialer = dialer(proxy, &gauge)?;
    let upgrade = move |mut stream| {
        let permit = gauge.clone().try_acquire_owned().map_err(io::Error::other);
        async move { exchange(&mut stream, 2).await.and(Ok((stream, permit?))) }
    };
    let upgraded = TcpConnector::upgraded(dialer, upgrade, move |(stream, permit), session| {
        let next = Arc::clone(&next);
        async move {
            let _permit = permit;
            talk(stream, session, &next).await
        }
    });
    let policy = Exponential::new(LIMIT / 50).cap(LIMIT / 2);
    let upgraded = upgraded
        .retry(policy.jitter(Jitter::Equal))
        .stable_after(STABLE_AFTER);
    let upgraded = Client::run(Runner::new(upgraded), STABLE_AFTER);

    let renewed = link(3)?.retry(Decorrelated::new(LIMIT / 20).cap(2 * LIMIT));
    let renewed = renewed.ready_when_marked().stable_after(STABLE_AFTER);
    let renewed = Client::run(Runner::new(renewed).max_age(3 * LIMIT), STABLE_AFTER);
    let clients = [
        ("plain", 1, LIMIT, plain),
        ("upgraded", 2, LIMIT / 2, upgraded),
        // A renewal waits for no more than a second, which is less than the cap.
        ("renewed", 3, 2 * LIMIT, renewed),
    ];
    Ok(clients.map(|(name, login, cap, client)| Talker {
        name,
        login,
        cap,
        client,
        slowest: Duration::ZERO,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_there_was_before_fails() {
        assert!(flat("threads", 3, 3).holds);
        assert!(!flat("threads", 3, 4).holds);
    }

    #[tokio::test]
    #[should_panic(expected = "there is a connection beside another")]
    async fn a_dial_beside_a_connection_is_found_out() {
        let gauge = Arc::new(Semaphore::new(1));
        let dialer = dialer(SocketAddr::from(([127, 0, 0, 1], 9)), &gauge).expect("a good target");
        let _connection = gauge.try_acquire();
        let _ = dialer.dial().await;
    }

    #[tokio::test]
    async fn a_return_that_is_too_late_fails_and_so_does_a_request_that_was_left_out() {
        for (slowest, answers, holds) in [
            (3 * LIMIT, &[1, 2][..], true),
            (3 * LIMIT + Duration::from_millis(1), &[1, 2], false),
            (LIMIT, &[1, 3], false),
        ] {
            let [mut talker, ..] = start(SocketAddr::from(([127, 0, 0, 1], 9))).expect("clients");
            talker.slowest = slowest;
            let service = Service::default();
            for number in answers {
                service.count(talker.login, *number);
            }
            let [_, back] = talker.end(&service, 0).await;
            assert_eq!(back.holds, holds, "{back}");
        }
    }
}
