//! The policies that are compared: ours as they are, those of other crates as formulas.

use std::fmt;
use std::iter;
use std::time::Duration;

use fastrand::Rng;
use schmoozer_backoff::{Decorrelated, Exponential, Fibonacci, Jitter, PolicyConfig, Rounds};

use crate::{Outcome, Storm, simulate};

impl fmt::Debug for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Contestant").field(&self.name).finish()
    }
}

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A policy and what it is called.
pub struct Contestant {
    /// What tables call it.
    pub name: String,
    /// Whether it is in the picture, which cannot hold them all.
    pub drawn: bool,
    run: Box<Run>,
}

/// Simulates a policy, with seeds for the clients that are made from one.
type Run = dyn Fn(&Storm, u64) -> Outcome + Send + Sync;

impl Contestant {
    /// The policy whose delays `policy` makes from a seed.
    pub fn new<I: Iterator<Item = Duration>>(
        name: impl Into<String>,
        policy: impl Fn(u64) -> I + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            drawn: false,
            run: Box::new(move |storm, seed| {
                // No client of one seed is one of another.
                let seeds = seed.rotate_left(40);
                simulate(storm, |sequence| policy(seeds ^ sequence))
            }),
        }
    }

    fn drawn(self) -> Self {
        Self {
            drawn: true,
            ..self
        }
    }

    /// Lets the storm happen to it. Every client draws from `seed` and its own number.
    #[must_use]
    pub fn simulate(&self, storm: &Storm, seed: u64) -> Outcome {
        (self.run)(storm, seed)
    }

    /// The policy of a user.
    #[must_use]
    pub fn of(config: PolicyConfig) -> Self {
        Self::new(config.to_string(), move |seed| {
            config.clone().seeded(seed).into_iter()
        })
        .drawn()
    }
}

/// Our policies, and the same without jitter.
#[must_use]
pub fn ours(storm: &Storm) -> Vec<Contestant> {
    let rounds = Rounds::for_fleet(storm.clients.into(), storm.capacity.into());
    let default = Exponential::default();
    let patient = default.cap(MINUTE);
    let fibonacci = Fibonacci::new(SECOND).cap(MINUTE).jitter(Jitter::Full);
    let decorrelated = Decorrelated::new(Duration::from_millis(50)).cap(MINUTE);
    vec![
        Contestant::new("default()", move |seed| default.seeded(seed).into_iter()).drawn(),
        Contestant::new("default(), no jitter", move |_| {
            default.jitter(Jitter::None).into_iter()
        }),
        Contestant::new("default().cap(60 s)", move |seed| {
            patient.seeded(seed).into_iter()
        })
        .drawn(),
        Contestant::new("default().cap(60 s), no jitter", move |_| {
            patient.jitter(Jitter::None).into_iter()
        }),
        Contestant::new("grpc()", |seed| {
            Exponential::grpc().seeded(seed).into_iter()
        })
        .drawn(),
        Contestant::new("Decorrelated 50 ms..60 s", move |seed| {
            decorrelated.seeded(seed).into_iter()
        }),
        Contestant::new("Fibonacci 1 s..60 s, full", move |seed| {
            fibonacci.seeded(seed).into_iter()
        }),
        Contestant::new("Rounds::for_fleet(clients, capacity)", move |seed| {
            rounds.seeded(seed).into_iter()
        })
        .drawn(),
    ]
}

/// What other crates do by default, with every limit on retries lifted: else none of their clients would be back.
#[must_use]
pub fn peers() -> Vec<Contestant> {
    vec![
        // backon 1.6, `ExponentialBuilder::new`: 1 s, ×2, 60 s, no jitter, 3 retries; the same without end in schmoozer
        // 0.4.1, `SimpleTcpConnector`.
        Contestant::new("backon; schmoozer 0.4.1", |_| doubling(SECOND, MINUTE)).drawn(),
        // The same `.with_jitter()`, which adds up to the delay itself, also at the cap.
        Contestant::new("backon with_jitter", |seed| {
            let mut rng = Rng::with_seed(mix(seed));
            doubling(SECOND, MINUTE).map(move |delay| delay + delay.mul_f64(rng.f64()))
        }),
        // tokio-retry 0.3, the strategy of its front page: 10 ms, ×10, no cap, full jitter, 3 retries.
        Contestant::new("tokio-retry", |seed| {
            let mut rng = Rng::with_seed(mix(seed));
            let grown = |delay: &Duration| Some(delay.saturating_mul(10));
            iter::successors(Some(Duration::from_millis(10)), grown)
                .map(move |delay| delay.mul_f64(rng.f64()))
        }),
        // backoff 0.4, `default.rs`: 500 ms, ×1.5, 60 s, ± 50 % around the cap too, 15 minutes.
        Contestant::new("backoff", |seed| {
            let mut rng = Rng::with_seed(mix(seed));
            let grown = |delay: &Duration| Some(delay.mul_f64(1.5).min(MINUTE));
            iter::successors(Some(SECOND / 2), grown)
                .map(move |delay| delay.mul_f64(0.5 + rng.f64()))
        }),
        // stubborn-io 0.3, `ExpBackoffStrategy::default`: 4 s, ×2, ± 5 %, then cut to 30 minutes.
        Contestant::new("stubborn-io", |seed| {
            let mut rng = Rng::with_seed(mix(seed));
            let cap = 30 * MINUTE;
            doubling(4 * SECOND, 2 * cap)
                .map(move |delay| delay.mul_f64(0.95 + 0.1 * rng.f64()).min(cap))
        })
        .drawn(),
    ]
}

fn doubling(initial: Duration, cap: Duration) -> impl Iterator<Item = Duration> {
    iter::successors(Some(initial), move |delay| Some((*delay * 2).min(cap)))
}

/// Seeds that follow each other must not draw alike.
fn mix(seed: u64) -> u64 {
    Rng::with_seed(seed).u64(..)
}

/// [`Rounds`], and three simpler ways to give each client one attempt a round.
#[must_use]
pub fn rounds(storm: &Storm) -> Vec<Contestant> {
    let rounds = Rounds::for_fleet(storm.clients.into(), storm.capacity.into());
    let round = Duration::from_secs_f64(storm.ideal() / 2.6);
    vec![
        Contestant::new("a place that is kept", move |seed| {
            let place = round.mul_f64(Rng::with_seed(mix(seed)).f64());
            iter::once(place).chain(iter::repeat(round))
        }),
        Contestant::new("new places, rounds from the loss on", move |seed| {
            let mut rng = Rng::with_seed(mix(seed));
            let mut left = Duration::ZERO;
            iter::repeat_with(move || {
                let place = round.mul_f64(rng.f64());
                let delay = left + place;
                left = round.saturating_sub(place);
                delay
            })
        }),
        Contestant::new("new places, rounds from a random moment on", move |seed| {
            let mut rng = Rng::with_seed(mix(seed));
            let passed = rng.f64();
            let place = rng.f64();
            let (first, mut left) = if place < passed {
                (None, 1.0 - passed)
            } else {
                (Some(round.mul_f64(place - passed)), 1.0 - place)
            };
            first.into_iter().chain(iter::repeat_with(move || {
                let place = rng.f64();
                let delay = round.mul_f64(left + place);
                left = 1.0 - place;
                delay
            }))
        }),
        Contestant::new("Rounds", move |seed| rounds.seeded(seed).into_iter()),
    ]
}
