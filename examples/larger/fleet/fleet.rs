//! The whole of it: a server, a fleet of connectors, and what is done to both.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use examples::thousands;
use schmoozer_backoff::PolicyConfig;
use schmoozer_core::{Handle, Pacer, Runner, Status};
use tokio::task::JoinSet;

use crate::connector::{Policies, connector};
use crate::server::{Mode, Server};

/// What is sampled over less says nothing about a second.
const LEAST_SPAN: Duration = Duration::from_millis(100);

/// What can be done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Turn(Mode),
    NextPolicy,
    Quit,
}

/// What a connector is doing, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Connected,
    Connecting,
    Waiting,
}

impl State {
    pub(crate) const ALL: [Self; 3] = [Self::Connected, Self::Connecting, Self::Waiting];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Connecting => "connecting",
            Self::Waiting => "waiting",
        }
    }
}

/// One connector at one moment; of several, the greatest is the worst off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Glimpse {
    pub(crate) state: State,
    /// Which attempt of its outage is under way or to come.
    pub(crate) attempt: u32,
}

impl Glimpse {
    fn of(handle: &Handle) -> Self {
        let (state, attempt) = match handle.status() {
            Status::Connected { .. } => (State::Connected, 0),
            Status::Connecting { attempt } => (State::Connecting, attempt),
            Status::Waiting { attempt, .. } => (State::Waiting, attempt),
            // It ends the program.
            _ => (State::Waiting, 0),
        };
        Self { state, attempt }
    }
}

/// All that is seen of it at one moment.
pub(crate) struct View {
    pub(crate) glimpses: Vec<Glimpse>,
    /// Attempts a second in each sample, the latest last.
    pub(crate) rates: Vec<u64>,
    /// What happened, the latest last.
    pub(crate) log: Vec<String>,
    pub(crate) server: Mode,
    pub(crate) capacity: u32,
    pub(crate) policy: String,
}

impl View {
    pub(crate) fn count(&self, state: State) -> u64 {
        let glimpses = self.glimpses.iter();
        glimpses.filter(|glimpse| glimpse.state == state).count() as u64
    }

    /// Attempts a second in the last second.
    pub(crate) fn rate(&self) -> u64 {
        self.rates.iter().rev().take(5).sum::<u64>() / 5
    }
}

pub(crate) struct Fleet {
    server: Server,
    policies: Arc<Policies>,
    handles: Vec<Handle>,
    connectors: JoinSet<io::Result<()>>,
    pub(crate) view: View,
    start: Instant,
    sampled: Instant,
    /// Attempts up to the last sample.
    attempts: u64,
    /// When the server began to be as it is, and the attempts until then.
    changed: (Instant, u64),
    /// Whether all have come back since then.
    complete: bool,
}

impl Fleet {
    pub(crate) async fn start(
        clients: u32,
        capacity: u32,
        policy: Option<PolicyConfig>,
        pacer: Option<Pacer>,
    ) -> Result<Self, Box<dyn Error>> {
        let server = Server::start(capacity).await?;
        let policies = Policies::new(clients, capacity, policy);
        let (mut connectors, mut handles) = (JoinSet::new(), Vec::new());
        for _ in 0..clients {
            let mut runner = Runner::new(connector(server.addr(), &policies)?);
            if let Some(pacer) = &pacer {
                runner = runner.pacer(pacer.clone());
            }
            handles.push(runner.handle());
            connectors.spawn(runner.run());
        }
        let view = View {
            glimpses: handles.iter().map(Glimpse::of).collect(),
            rates: Vec::new(),
            log: Vec::new(),
            server: Mode::Up,
            capacity,
            policy: policies.chosen().to_string(),
        };
        let now = Instant::now();
        Ok(Self {
            server,
            policies,
            handles,
            connectors,
            view,
            start: now,
            sampled: now,
            attempts: 0,
            changed: (now, 0),
            complete: false,
        })
    }

    /// How long the server has been like this, and whether all have come back since.
    pub(crate) fn progress(&self) -> (Duration, bool) {
        (self.changed.0.elapsed(), self.complete)
    }

    pub(crate) async fn act(&mut self, action: Action) -> io::Result<()> {
        match action {
            Action::Turn(mode) if mode != self.view.server => {
                self.note(&format!("the server is {mode}"));
                self.view.server = mode;
                self.changed = (Instant::now(), self.attempts);
                self.complete = false;
                self.server.switch(mode).await?;
            }
            Action::NextPolicy => {
                self.policies.next();
                self.view.policy = self.policies.chosen().to_string();
                self.note(&format!("from the next outage on: {}", self.view.policy));
            }
            Action::Turn(_) | Action::Quit => {}
        }
        Ok(())
    }

    fn note(&mut self, what: &str) {
        let at = self.start.elapsed().as_secs_f64();
        self.view.log.push(format!("{at:.1} s: {what}"));
    }

    /// Looks at all connectors. Fails when one has ended, which none should.
    pub(crate) fn sample(&mut self) -> Result<(), Box<dyn Error>> {
        if let Some(ended) = self.connectors.try_join_next() {
            ended??;
            return Err("a connector has ended".into());
        }
        let span = self.sampled.elapsed();
        if span < LEAST_SPAN {
            return Ok(());
        }
        self.sampled += span;
        self.view.glimpses = self.handles.iter().map(Glimpse::of).collect();
        let attempts = self.handles.iter().map(|handle| handle.stats().attempts);
        let attempts = attempts.sum::<u64>();
        let millis = u64::try_from(span.as_millis())?;
        self.view
            .rates
            .push((attempts - self.attempts) * 1_000 / millis);
        self.attempts = attempts;

        let clients = self.handles.len() as u64;
        let are_all_back = self.view.count(State::Connected) == clients;
        if are_all_back && !self.complete && self.view.server == Mode::Up {
            self.complete = true;
            let (since, before) = self.changed;
            self.note(&format!(
                "all {} connected after {:.1} s and {} attempts",
                thousands(clients),
                since.elapsed().as_secs_f64(),
                thousands(attempts - before),
            ));
        }
        Ok(())
    }
}
