//! The whole of it: a server, a fleet of connectors, and what is done to both.

use std::error::Error;
use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use examples::thousands;
use schmoozer_backoff::PolicyConfig;
use schmoozer_core::{Handle, Pacer, Runner, Status};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::connector::connector;
use crate::server::{Mode, Server};

/// How often all connectors are looked at.
const SAMPLE: Duration = Duration::from_millis(200);
/// How often a line is printed.
const LINE: Duration = Duration::from_secs(1);
/// How long all may take to come back.
const PATIENCE: Duration = Duration::from_secs(120);

/// What becomes of the server each time all are back, and how long that lasts.
const FAULTS: [(Mode, Duration); 2] = [
    (Mode::Killed, Duration::from_secs(2)),
    (Mode::Blackholed, Duration::from_secs(4)),
];

pub(crate) struct Fleet {
    server: Server,
    mode: Mode,
    handles: Vec<Handle>,
    connectors: JoinSet<io::Result<()>>,
    start: Instant,
    /// When the server began to be as it is, and the attempts until then.
    changed: (Instant, u64),
    /// When the last line was printed, and the attempts until then.
    printed: (Instant, u64),
}

impl Fleet {
    pub(crate) async fn start(
        clients: u32,
        capacity: u32,
        policy: &PolicyConfig,
        pacer: Option<Pacer>,
    ) -> Result<Self, Box<dyn Error>> {
        let server = Server::start(capacity).await?;
        let (mut connectors, mut handles) = (JoinSet::new(), Vec::new());
        for _ in 0..clients {
            let mut runner = Runner::new(connector(server.addr(), policy)?);
            if let Some(pacer) = &pacer {
                runner = runner.pacer(pacer.clone());
            }
            handles.push(runner.handle());
            connectors.spawn(runner.run());
        }
        let start = Instant::now();
        Ok(Self {
            server,
            mode: Mode::Up,
            handles,
            connectors,
            start,
            changed: (start, 0),
            printed: (start, 0),
        })
    }

    /// Kills and blackholes the server, and revives it each time, until all have come back.
    pub(crate) async fn play(&mut self) -> Result<(), Box<dyn Error>> {
        self.all_connect().await?;
        for (fault, length) in FAULTS {
            self.turn(fault).await?;
            while self.changed.0.elapsed() < length {
                self.sample().await?;
            }
            self.turn(Mode::Up).await?;
            self.all_connect().await?;
        }
        Ok(())
    }

    async fn turn(&mut self, mode: Mode) -> io::Result<()> {
        self.note(&format!("the server is {mode}"))?;
        self.mode = mode;
        self.changed = (Instant::now(), self.attempts());
        self.server.switch(mode).await
    }

    async fn all_connect(&mut self) -> Result<(), Box<dyn Error>> {
        let clients = self.handles.len() as u64;
        let (changed, before) = self.changed;
        while self.sample().await? < clients {
            if changed.elapsed() > PATIENCE {
                return Err(format!("not all are back after {} s", PATIENCE.as_secs()).into());
            }
        }
        self.note(&format!(
            "all {} connected after {:.1} s and {} attempts",
            thousands(clients),
            changed.elapsed().as_secs_f64(),
            thousands(self.attempts() - before),
        ))?;
        Ok(())
    }

    /// Waits a little, and returns how many are connected. Fails when a connector has ended, which none should.
    async fn sample(&mut self) -> Result<u64, Box<dyn Error>> {
        sleep(SAMPLE).await;
        if let Some(ended) = self.connectors.try_join_next() {
            ended??;
            return Err("a connector has ended".into());
        }
        let (mut connected, mut connecting, mut waiting) = (0, 0, 0);
        for handle in &self.handles {
            match handle.status() {
                Status::Connected { .. } => connected += 1,
                Status::Connecting { .. } => connecting += 1,
                _ => waiting += 1,
            }
        }
        let (printed, before) = self.printed;
        let span = printed.elapsed();
        if span >= LINE {
            let attempts = self.attempts();
            let rate = (attempts - before) * 1_000 / u64::try_from(span.as_millis())?;
            self.printed = (printed + span, attempts);
            writeln!(
                io::stdout(),
                "server {:<11}{:>7} connected{:>7} connecting{:>7} waiting{:>8} attempts a second",
                self.mode,
                thousands(connected),
                thousands(connecting),
                thousands(waiting),
                thousands(rate),
            )?;
        }
        Ok(connected)
    }

    fn attempts(&self) -> u64 {
        let attempts = self.handles.iter().map(|handle| handle.stats().attempts);
        attempts.sum()
    }

    fn note(&self, what: &str) -> io::Result<()> {
        let at = self.start.elapsed().as_secs_f64();
        writeln!(io::stdout(), "--- {at:.1} s: {what}")
    }
}
