//! The whole of it: a server, a fleet of connectors, and what is done to both.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use examples::thousands;
use schmoozer_backoff::PolicyConfig;
use tokio::task::JoinSet;

use crate::census::{Census, Glimpse, State, counts};
use crate::connector::launch;
use crate::controls::Controls;
use crate::server::{Mode, Server};
use crate::timeline::{Kind, Timeline};

/// What is sampled over less says nothing about a second.
const LEAST_SPAN: Duration = Duration::from_millis(100);

/// What to show.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) clients: u32,
    pub(crate) capacity: u32,
    pub(crate) policy: Option<PolicyConfig>,
    pub(crate) pace: Option<u32>,
}

/// What the operator can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Kill,
    Blackhole,
    Revive,
    NextPolicy,
    SwitchPacer,
    Quit,
}

pub(crate) struct Show {
    setting: Setting,
    server: Server,
    controls: Arc<Controls>,
    census: Arc<Census>,
    connectors: JoinSet<io::Result<()>>,
    timeline: Timeline,
    start: Instant,
    sampled: Instant,
    /// Attempts up to the last sample.
    attempts: u64,
    /// When the server began to be as it is, and the attempts until then.
    changed: (Duration, u64),
    /// Whether some are yet to come back.
    incomplete: bool,
}

/// All that is seen of it at one moment.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) glimpses: &'a [Glimpse],
    pub(crate) timeline: &'a Timeline,
    pub(crate) server: Mode,
    /// How long the server has been like this.
    pub(crate) server_since: Duration,
    pub(crate) capacity: u32,
    pub(crate) policy: &'a str,
    pub(crate) pace: Option<u32>,
}

impl Show {
    pub(crate) fn start(setting: Setting) -> Result<Self, Box<dyn Error>> {
        let Setting {
            clients,
            capacity,
            policy,
            pace,
        } = setting.clone();
        let server = Server::start(capacity)?;
        let controls = Arc::new(Controls::new(clients, capacity, policy, pace)?);
        let census = Arc::new(Census::new(clients));
        let connectors = launch(server.addr, &controls, &census)?;
        Ok(Self {
            setting,
            server,
            controls,
            census,
            connectors,
            timeline: Timeline::default(),
            start: Instant::now(),
            sampled: Instant::now(),
            attempts: 0,
            changed: (Duration::ZERO, 0),
            incomplete: true,
        })
    }

    pub(crate) fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    pub(crate) fn glimpses(&self) -> Vec<Glimpse> {
        self.census.glimpses()
    }

    pub(crate) fn view<'a>(&'a self, glimpses: &'a [Glimpse]) -> View<'a> {
        View {
            glimpses,
            timeline: &self.timeline,
            server: self.server.mode(),
            server_since: self.start.elapsed().saturating_sub(self.changed.0),
            capacity: self.setting.capacity,
            policy: self.controls.policy(),
            pace: self.controls.pace(),
        }
    }

    pub(crate) fn act(&mut self, action: Action) {
        match action {
            Action::Kill => self.turn(Mode::Killed, Kind::Killed, "killed"),
            Action::Blackhole => self.turn(Mode::Blackholed, Kind::Blackholed, "blackholed"),
            Action::Revive => self.turn(Mode::Up, Kind::Revived, "revived"),
            Action::NextPolicy => {
                self.controls.next_policy();
                let policy = self.controls.policy().to_owned();
                self.mark(Kind::Switched, "policy", format!("policy: {policy}"));
            }
            Action::SwitchPacer => {
                self.controls.switch_pacer();
                let pace = self.controls.pace();
                let pacer = pace.map_or("off".to_owned(), |rate| format!("{rate} a second"));
                self.mark(Kind::Switched, "pacer", format!("pacer: {pacer}"));
            }
            Action::Quit => {}
        }
    }

    fn turn(&mut self, mode: Mode, kind: Kind, word: &str) {
        if self.server.mode() != mode {
            self.server.becomes(mode);
            self.changed = (self.start.elapsed(), self.census.attempts());
            self.incomplete = true;
            self.mark(kind, word, format!("the server is {word}"));
        }
    }

    fn mark(&mut self, kind: Kind, word: &str, sentence: String) {
        let at = self.start.elapsed();
        self.timeline.mark(at, kind, word.to_owned(), sentence);
    }

    /// Takes a sample of the attempts since the last one, and says so when all are back.
    pub(crate) fn sample(&mut self) {
        let attempts = self.census.attempts();
        let now = Instant::now();
        let span = now - self.sampled;
        if span < LEAST_SPAN {
            return;
        }
        self.timeline.sample(attempts - self.attempts, span);
        (self.attempts, self.sampled) = (attempts, now);
        if self.incomplete && self.are_all_back() {
            self.incomplete = false;
            let (since, before) = self.changed;
            let length = self.start.elapsed().saturating_sub(since);
            let length = format!("{:.1} s", length.as_secs_f64());
            let sentence = format!(
                "all {} connected after {length} and {} attempts",
                thousands(self.census.len() as u64),
                thousands(attempts - before),
            );
            self.mark(Kind::AllBack, &format!("all in {length}"), sentence);
        }
    }

    /// Whether the server is up and every connector has a connection.
    fn are_all_back(&self) -> bool {
        let glimpses = self.census.glimpses();
        self.server.mode() == Mode::Up
            && counts(&glimpses)[State::Connected as usize] == glimpses.len()
    }

    /// Whether nobody has still to come back from the last change.
    pub(crate) fn is_complete(&self) -> bool {
        !self.incomplete
    }

    /// Ends when a connector does, which none should.
    pub(crate) async fn connector_ended(&mut self) -> Box<dyn Error> {
        match self.connectors.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                std::panic::resume_unwind(error.into_panic());
            }
            Some(Ok(Err(error))) => error.into(),
            _ => "a connector has ended".into(),
        }
    }
}
