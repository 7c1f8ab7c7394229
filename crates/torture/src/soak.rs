use std::io;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use schmoozer_tcp::{
    Connector, Dialer, End, Handle, Pacer, Runner, Session, Status, TcpConnector, closed,
};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::hosts::Hosts;
use crate::ledger::Ledger;
use crate::process::{descriptors, resident};
use crate::progress::Progress;
use crate::service::{HOSTS, Service, Turns};
use crate::verdict::{self, Descriptors, Verdict};

/// Connectors that are to survive, and what is done to them.
#[derive(Debug, Clone, Copy)]
pub struct Soak {
    /// How many connectors there are.
    pub connectors: usize,
    /// For how long the servers fail, after ten turns in which everything happens once.
    pub duration: Duration,
    /// What the pacer may let through in a second.
    pub per_second: u32,
    /// What the pacer may let through at once.
    pub burst: u32,
    /// How often a server that answers sends a byte. A connection on which three are missed is given up.
    pub heartbeat: Duration,
    /// How long the connectors have to be connected, at the beginning and at the end.
    pub patience: Duration,
    /// What the servers do is drawn from this.
    pub seed: u64,
}

/// What came out of a soak.
#[derive(Debug, Clone)]
pub struct Report {
    /// On each of the four things that must hold.
    pub verdicts: Vec<Verdict>,
    /// How often the connectors dialled.
    pub attempts: u64,
    /// How many connections were up, and broke.
    pub lost: u64,
}

impl Report {
    /// Whether all held.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.holds)
    }
}

impl Soak {
    /// Soaks connectors that share `pacer`, among the servers that `hosts` starts (see
    /// [`serve`](crate::serve)). `tell` is told now and then how it is getting on.
    ///
    /// # Errors
    ///
    /// When the servers do not start or end early, when `/proc` is not there, or when a connector ends by
    /// itself.
    pub async fn run(
        &self,
        pacer: &Pacer,
        hosts: Command,
        mut tell: impl FnMut(&Progress),
    ) -> io::Result<Report> {
        let mut hosts = Hosts::start(hosts).await?;
        let before = descriptors()?;
        let ledger = Ledger::new(self.per_second);
        let mut running = JoinSet::new();
        let handles = (0..self.connectors)
            .map(|number| {
                let addr = hosts.addrs()[number % HOSTS];
                let runner = Runner::new(self.connector(Dialer::new(addr)?))
                    .pacer(pacer.clone())
                    .observer(ledger.watch());
                let handle = runner.handle();
                running.spawn(runner.run());
                Ok(handle)
            })
            .collect::<io::Result<Vec<Handle>>>()?;
        self.all_connected(&ledger).await;
        let all_connected = descriptors()?;

        let samples = self.storm(&mut hosts, &ledger, &mut tell).await?;

        hosts.tell([Service::Answer; HOSTS]).await?;
        let after = self.all_connected(&ledger).await;
        let up = |handle: &&Handle| matches!(handle.status(), Status::Connected { .. });
        let connected = handles.iter().filter(up).count();
        let all_back = descriptors()?;

        for handle in &handles {
            handle.shutdown();
        }
        while let Some(ended) = running.join_next().await {
            ended.map_err(io::Error::other)??;
        }
        let descriptors = Descriptors {
            before,
            all_connected,
            all_back,
            after: descriptors()?,
        };
        hosts.stop().await?;
        let threads = tokio::runtime::Handle::current().metrics().num_workers();
        Ok(Report {
            verdicts: vec![
                verdict::on_connections(connected, self.connectors, after),
                verdict::on_memory(&samples),
                verdict::on_descriptors(descriptors),
                verdict::on_pacing(ledger.burst(), self.per_second, self.burst, threads),
            ],
            attempts: ledger.attempts(),
            lost: ledger.lost(),
        })
    }

    /// Listens on each connection, and gives up one that is silent.
    fn connector(&self, dialer: Dialer) -> impl Connector<Error = io::Error> + use<> {
        let silence = self.heartbeat * 3;
        // No longer than it takes to be sure, on loopback.
        let dialer = dialer.timeout(Duration::from_secs(1));
        TcpConnector::new(dialer, move |stream, session| {
            listen(stream, session, silence)
        })
        .ready_when_marked()
        .stable_after(self.heartbeat)
    }

    /// Has the servers fail, turn by turn; the samples of the memory meanwhile.
    ///
    /// None is taken in the first ten turns: by then everything has happened once, and the allocator has
    /// what it takes at most.
    async fn storm(
        &self,
        hosts: &mut Hosts,
        ledger: &Ledger,
        tell: &mut impl FnMut(&Progress),
    ) -> io::Result<Vec<u64>> {
        let turn = (self.duration / 40).min(Duration::from_secs(5));
        let pause = turn.min(Duration::from_secs(1)) / 2;
        let mut turns = Turns::new(self.seed);
        let mut samples = Vec::new();
        let begin = Instant::now();
        let warm = turn * 10;
        let mut next = begin;
        let mut services = [Service::Answer; HOSTS];
        while begin.elapsed() < warm + self.duration {
            if Instant::now() >= next {
                services = turns.next();
                hosts.tell(services).await?;
                next += turn;
            }
            let (connected, connecting) = (ledger.connected(), ledger.connecting());
            let resident = resident()?;
            if begin.elapsed() >= warm {
                samples.push(resident);
            }
            tell(&Progress {
                elapsed: begin.elapsed(),
                services,
                connected,
                connecting,
                waiting: self.connectors.saturating_sub(connected + connecting),
                attempts: ledger.attempts(),
                lost: ledger.lost(),
                resident,
            });
            sleep(pause).await;
        }
        Ok(samples)
    }

    /// Waits until all are connected, but not longer than is fair; how long that was.
    async fn all_connected(&self, ledger: &Arc<Ledger>) -> Duration {
        let begin = Instant::now();
        while ledger.connected() < self.connectors && begin.elapsed() < self.patience {
            sleep(Duration::from_millis(50)).await;
        }
        begin.elapsed()
    }
}

/// Is ready with the first byte, and ends when none comes for so long.
async fn listen(mut stream: TcpStream, session: Session, silence: Duration) -> io::Result<End> {
    let mut heard = [0];
    while timeout(silence, stream.read(&mut heard)).await?? > 0 {
        session.ready();
    }
    Err(closed())
}
