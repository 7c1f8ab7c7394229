use std::io;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use schmoozer_tcp::{Connector, Dialer, Event, Handle, Pacer, Runner, Status, TcpConnector};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::bound::Bound;
use crate::client::listen;
use crate::hosts::Hosts;
use crate::process::{descriptors, resident};
use crate::verdict::{self, Verdict, mib};

/// Connectors that are to survive, and what is done to them.
#[derive(Debug, Clone, Copy, Args)]
pub struct Soak {
    /// For how long the servers fail, after ten turns in which everything happens once.
    #[arg(skip)]
    pub duration: Duration,
    /// What the servers do is drawn from this.
    #[arg(skip)]
    pub seed: u64,
    /// With `--soak`: how many connectors there are
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    pub connectors: usize,
    /// With `--soak`: how many attempts the pacer lets through in a second
    #[arg(long = "rate", default_value_t = 2_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub per_second: u32,
    /// With `--soak`: how many attempts the pacer lets through at once
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub burst: u32,
    /// With `--soak`: how often a server that answers sends a byte; a connection on which three are missed is given up
    #[arg(long, default_value = "5s", value_parser = humantime::parse_duration, value_name = "TIME")]
    pub heartbeat: Duration,
    /// With `--soak`: how long the connectors have to be connected, at the beginning and at the end
    #[arg(long, default_value = "1m", value_parser = humantime::parse_duration, value_name = "TIME")]
    pub patience: Duration,
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

impl Soak {
    /// Soaks connectors that share `pacer`, among the servers that `hosts` starts (see
    /// [`serve`](crate::serve)). `tell` receives a line now and then.
    ///
    /// # Errors
    ///
    /// When the servers do not start or end early, when `/proc` is not there, or when a connector ends by
    /// itself.
    pub async fn run(
        &self,
        pacer: &Pacer,
        hosts: Command,
        mut tell: impl FnMut(&str),
    ) -> io::Result<Report> {
        let mut hosts = Hosts::start(hosts).await?;
        let before = descriptors()?;
        let bound = Arc::new(Mutex::new(Bound::new(self.per_second)));
        let mut running = JoinSet::new();
        let handles = (0..self.connectors)
            .map(|number| {
                let dialer = Dialer::new(hosts.addr(number))?;
                let runner = Runner::new(self.connector(dialer))
                    .pacer(pacer.clone())
                    .on_event(count(&bound));
                let handle = runner.handle();
                running.spawn(runner.run());
                Ok(handle)
            })
            .collect::<io::Result<Vec<Handle>>>()?;
        self.all_connected(&handles).await;
        let all_connected = descriptors()?;

        let samples = self.storm(&mut hosts, &handles, &mut tell).await?;

        hosts.calm().await?;
        let after = self.all_connected(&handles).await;
        let counts = Counts::of(&handles);
        let all_back = descriptors()?;

        for handle in &handles {
            handle.shutdown();
        }
        while let Some(ended) = running.join_next().await {
            ended.map_err(io::Error::other)??;
        }
        let descriptors = [before, all_connected, all_back, descriptors()?];
        hosts.stop().await?;
        let burst = bound.lock().unwrap_or_else(PoisonError::into_inner).worst();
        let threads = tokio::runtime::Handle::current().metrics().num_workers();
        Ok(Report {
            verdicts: vec![
                verdict::on_connections(counts.up, self.connectors, after),
                verdict::on_memory(&samples),
                verdict::on_descriptors(descriptors),
                verdict::on_pacing(burst, self.per_second, self.burst, threads),
            ],
            attempts: counts.attempts,
            lost: counts.lost,
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
        handles: &[Handle],
        tell: &mut impl FnMut(&str),
    ) -> io::Result<Vec<u64>> {
        let turn = (self.duration / 40).min(Duration::from_secs(5));
        let pause = turn.min(Duration::from_secs(1)) / 2;
        let mut samples = Vec::new();
        let begin = Instant::now();
        let warm = turn * 10;
        let every = (self.duration / 60).min(Duration::from_secs(10));
        let mut told = begin;
        hosts.storm(turn, self.seed).await?;
        while begin.elapsed() < warm + self.duration {
            let resident = resident()?;
            if begin.elapsed() >= warm {
                samples.push(resident);
            }
            if Instant::now() >= told {
                told += every;
                let Counts {
                    up,
                    connecting,
                    attempts,
                    lost,
                } = Counts::of(handles);
                let waiting = handles.len() - up - connecting;
                tell(&format!(
                    "{:>6.1} s  up {up:>5}  connecting {connecting:>5}  waiting {waiting:>5}  attempts {attempts:>7}  \
                     lost {lost:>7}  {}",
                    begin.elapsed().as_secs_f64(),
                    mib(resident)
                ));
            }
            sleep(pause).await;
        }
        Ok(samples)
    }

    /// Waits until all are connected, but not longer than is fair; how long that was.
    async fn all_connected(&self, handles: &[Handle]) -> Duration {
        let begin = Instant::now();
        while Counts::of(handles).up < self.connectors && begin.elapsed() < self.patience {
            sleep(Duration::from_millis(50)).await;
        }
        begin.elapsed()
    }
}

/// What all connectors do and have done.
struct Counts {
    up: usize,
    connecting: usize,
    attempts: u64,
    /// How many connections were up, and broke.
    lost: u64,
}

impl Counts {
    fn of(handles: &[Handle]) -> Self {
        let [mut up, mut connecting] = [0; 2];
        let [mut attempts, mut connections] = [0; 2];
        for handle in handles {
            match handle.status() {
                Status::Connected { .. } => up += 1,
                Status::Connecting { .. } => connecting += 1,
                _ => {}
            }
            let stats = handle.stats();
            attempts += stats.attempts;
            connections += stats.connections;
        }
        let lost = connections.saturating_sub(up as u64);
        Self {
            up,
            connecting,
            attempts,
            lost,
        }
    }
}

/// Counts each attempt.
fn count(bound: &Arc<Mutex<Bound>>) -> impl FnMut(&Event<'_>) + Send + use<> {
    let bound = Arc::clone(bound);
    move |event| {
        if let Event::Connecting { .. } = event {
            // Read with the lock held: so the times come in their order.
            let mut bound = bound.lock().unwrap_or_else(PoisonError::into_inner);
            bound.count(std::time::Instant::now());
        }
    }
}
