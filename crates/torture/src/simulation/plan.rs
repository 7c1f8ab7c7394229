use std::fmt;
use std::time::Duration;

use fastrand::Rng;
use schmoozer_backoff::{Exponential, Jitter};

/// For how long things go wrong in what is drawn.
const STORM: Duration = Duration::from_secs(40);

/// What happens in one simulation.
#[derive(Debug, Clone)]
pub struct Plan {
    pub(crate) seed: u64,
    pub(crate) clients: usize,
    pub(crate) policy: Exponential,
    pub(crate) cap: Duration,
    pub(crate) latency: Duration,
    /// The application marks a connection as ready on the first answer.
    pub(crate) marks: bool,
    /// The handles are asked for something.
    pub(crate) asks: bool,
    /// For how long things go wrong.
    pub(crate) storm: Duration,
    /// In the order of their times.
    pub(crate) incidents: Vec<(Duration, Incident)>,
}

/// What somebody does to the simulated world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Incident {
    Link(usize, Weather),
    Server(Service),
    ClientCrashes(usize),
    ClientBoots(usize),
    RetryNow(usize),
    Reconnect(usize),
}

/// The state of the link between a client and the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    Clear,
    /// What is sent is lost.
    Cut,
    /// What the client sends is lost.
    Deaf,
    /// What the server sends is lost.
    Mute,
    /// What is sent arrives when the link is clear again.
    Held,
}

/// What the server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Answers,
    /// Accepts, and closes at once.
    HangsUp,
    /// Accepts, and says nothing.
    Silent,
    /// Accepts and answers, and hangs up half a second later.
    Flaps,
    /// Its machine runs, but it does not.
    Crashed,
}

impl Plan {
    /// Draws a plan from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let rng = &mut Rng::with_seed(seed);
        let clients = rng.usize(1..=3);
        let cap = Duration::from_millis(rng.u64(500..8_000));
        let policy = Exponential::new(Duration::from_millis(rng.u64(20..400)))
            .cap(cap)
            .jitter(pick(rng, &JITTERS))
            .seeded(rng.u64(..));
        let asks = rng.bool();
        let mut incidents = Vec::new();
        let mut crashed = vec![false; clients];
        let mut now = Duration::ZERO;
        loop {
            now += Duration::from_millis(rng.u64(5..2_500));
            if now >= STORM {
                break;
            }
            let client = rng.usize(0..clients);
            let incident = match rng.u8(0..10) {
                0..4 => Incident::Link(client, pick(rng, &WEATHERS)),
                4..7 => Incident::Server(pick(rng, &SERVICES)),
                _ if crashed[client] => Incident::ClientBoots(client),
                7 => Incident::ClientCrashes(client),
                8 if asks => Incident::RetryNow(client),
                9 if asks => Incident::Reconnect(client),
                _ => continue,
            };
            match incident {
                Incident::ClientBoots(client) => crashed[client] = false,
                Incident::ClientCrashes(client) => crashed[client] = true,
                _ => {}
            }
            incidents.push((now, incident));
        }
        let heal = |incident| (STORM, incident);
        incidents.push(heal(Incident::Server(Service::Answers)));
        for (client, crashed) in crashed.into_iter().enumerate() {
            incidents.push(heal(Incident::Link(client, Weather::Clear)));
            if crashed {
                incidents.push(heal(Incident::ClientBoots(client)));
            }
        }
        Self {
            seed,
            clients,
            policy,
            cap,
            latency: Duration::from_millis(rng.u64(5..60)),
            marks: rng.bool(),
            asks,
            storm: STORM,
            incidents,
        }
    }

    /// For an hour, the server hangs up once a second on its one client.
    #[must_use]
    pub fn flapping() -> Self {
        const HOUR: Duration = Duration::from_secs(3_600);
        let cap = Duration::from_millis(500);
        Self {
            seed: 20,
            clients: 1,
            policy: Exponential::new(Duration::from_millis(20)).cap(cap),
            cap,
            latency: Duration::from_millis(5),
            marks: false,
            asks: false,
            storm: HOUR,
            incidents: vec![
                (Duration::ZERO, Incident::Server(Service::Flaps)),
                (HOUR, Incident::Server(Service::Answers)),
            ],
        }
    }
}

const WEATHERS: [Weather; 5] = [
    Weather::Clear,
    Weather::Cut,
    Weather::Deaf,
    Weather::Mute,
    Weather::Held,
];

const JITTERS: [Jitter; 4] = [
    Jitter::None,
    Jitter::Equal,
    Jitter::Full,
    Jitter::Proportional(0.2),
];

const SERVICES: [Service; 4] = [
    Service::Answers,
    Service::HangsUp,
    Service::Silent,
    Service::Crashed,
];

fn pick<T: Copy>(rng: &mut Rng, choices: &[T]) -> T {
    choices[rng.usize(0..choices.len())]
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            clients,
            policy,
            latency,
            marks,
            ..
        } = self;
        writeln!(
            f,
            "seed {seed}: {clients} clients, {policy:?}, latency up to {latency:?}, marks: {marks}"
        )?;
        for (at, incident) in &self.incidents {
            writeln!(f, "{:>8.3} s  {incident:?}", at.as_secs_f64())?;
        }
        Ok(())
    }
}
