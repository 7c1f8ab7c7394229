use std::hint::black_box;
use std::time::Duration;
#[cfg(feature = "peers")]
use std::time::SystemTime;

use schmoozer_backoff::{Exponential, Jitter};

/// How many delays an outage of some minutes draws.
pub const SEQUENCE: u32 = 8;

const INITIAL: Duration = Duration::from_millis(50);
const CAP: Duration = Duration::from_secs(30);

/// Every source of jittered exponential delays that is measured.
pub const DELAYS: &[DelaySource] = &[
    source("by hand", by_hand),
    source("schmoozer-backoff", ours),
    source("schmoozer-backoff, x1.6 and limits", ours_with_limits),
    source("schmoozer-backoff, growing", ours_growing),
    #[cfg(feature = "peers")]
    source("backon", backon),
    #[cfg(feature = "peers")]
    source("tokio-retry", tokio_retry),
    #[cfg(feature = "peers")]
    source("tokio-retry2", tokio_retry2),
    #[cfg(feature = "peers")]
    source("backoff", backoff),
    #[cfg(feature = "peers")]
    source("exponential-backoff", exponential_backoff),
    #[cfg(feature = "peers")]
    source("retry-policies", retry_policies),
];

const fn source(name: &'static str, draw: fn(u64)) -> DelaySource {
    DelaySource { name, draw }
}

/// Doubles (or nearly) from 50 ms up to 30 s, with jitter.
#[derive(Debug, Clone, Copy)]
pub struct DelaySource {
    /// The crate, or that it is written by hand.
    pub name: &'static str,
    draw: fn(u64),
}

impl DelaySource {
    /// Starts one sequence and draws `delays` from it.
    pub fn draw(&self, delays: u64) {
        (self.draw)(black_box(delays));
    }
}

fn draw(delays: u64, mut source: impl Iterator<Item = Duration>) {
    for _ in 0..delays {
        black_box(source.next());
    }
}

fn by_hand(delays: u64) {
    let mut next = INITIAL;
    let random = std::iter::from_fn(|| {
        let delay = next.mul_f64(fastrand::f64());
        next = next.saturating_mul(2).min(CAP);
        Some(delay)
    });
    draw(delays, random);
}

fn ours(delays: u64) {
    let policy = Exponential::new(INITIAL).cap(CAP).jitter(Jitter::Full);
    draw(delays, black_box(policy).into_iter());
}

fn ours_with_limits(delays: u64) {
    let policy = Exponential::new(INITIAL)
        .factor(1.6)
        .cap(CAP)
        .jitter(Jitter::Proportional(0.2))
        .max_retries(u32::MAX)
        .max_total(Duration::MAX);
    draw(delays, black_box(policy).into_iter());
}

/// Any factor, and a cap that is far away.
fn ours_growing(delays: u64) {
    let policy = Exponential::new(INITIAL)
        .factor(1.000_000_1)
        .cap(CAP)
        .jitter(Jitter::Full);
    draw(delays, black_box(policy).into_iter());
}

#[cfg(feature = "peers")]
fn backon(delays: u64) {
    use backon::{BackoffBuilder as _, ExponentialBuilder};

    let policy = ExponentialBuilder::default()
        .with_min_delay(INITIAL)
        .with_max_delay(CAP)
        .with_jitter()
        .without_max_times();
    draw(delays, policy.build());
}

#[cfg(feature = "peers")]
fn tokio_retry(delays: u64) {
    use tokio_retry::strategy::{ExponentialBackoff, jitter};

    let policy = ExponentialBackoff::from_millis(2).factor(25).max_delay(CAP);
    draw(delays, policy.map(jitter));
}

#[cfg(feature = "peers")]
fn tokio_retry2(delays: u64) {
    use tokio_retry2::strategy::{ExponentialFactorBackoff, jitter};

    let policy = ExponentialFactorBackoff::from_millis(50, 2.0).max_delay(CAP);
    draw(delays, policy.map(jitter));
}

#[cfg(feature = "peers")]
fn backoff(delays: u64) {
    use backoff::ExponentialBackoffBuilder;
    use backoff::backoff::Backoff as _;

    let mut policy = ExponentialBackoffBuilder::new()
        .with_initial_interval(INITIAL)
        .with_max_interval(CAP)
        .with_multiplier(2.0)
        .with_max_elapsed_time(None)
        .build();
    draw(delays, std::iter::from_fn(|| policy.next_backoff()));
}

#[cfg(feature = "peers")]
fn exponential_backoff(delays: u64) {
    let policy = exponential_backoff::Backoff::new(u32::MAX, INITIAL, CAP);
    draw(delays, policy.iter().flatten());
}

/// Returns when to try again, by the wall clock, and must be called again for each retry.
#[cfg(feature = "peers")]
fn retry_policies(delays: u64) {
    use retry_policies::policies::ExponentialBackoff;
    use retry_policies::{Jitter, RetryDecision, RetryPolicy as _};

    let policy = ExponentialBackoff::builder()
        .retry_bounds(INITIAL, CAP)
        .jitter(Jitter::Full)
        .build_with_max_retries(u32::MAX);
    let begun = SystemTime::UNIX_EPOCH;
    let random = (0..).map_while(|retries| match policy.should_retry(begun, retries) {
        RetryDecision::Retry { execute_after } => execute_after.duration_since(begun).ok(),
        RetryDecision::DoNotRetry => None,
    });
    draw(delays, random);
}
