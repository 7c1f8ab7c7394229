//! Counts the instructions that one delay takes, here and in other crates: `cargo run --release -p bench
//! --example delay`. Needs valgrind.
//!
//! Each candidate runs in a process of its own under callgrind, twice, for 8,000 and for 88,000 delays; the difference
//! is divided by 80,000. The loop that draws takes 4 instructions, which are subtracted.

use std::env;
use std::error::Error;
use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, SystemTime};

use schmoozer_backoff::{Decorrelated, Exponential, Jitter};

const INITIAL: Duration = Duration::from_millis(50);
const CAP: Duration = Duration::from_secs(30);

/// Draws `count` delays from one sequence.
#[inline(never)]
fn hot(delays: impl IntoIterator<Item = Duration>, count: u32) {
    let mut delays = delays.into_iter();
    for _ in 0..count {
        black_box(delays.next());
    }
}

/// Draws the first eight delays of `count / 8` sequences.
#[inline(never)]
fn built<D: IntoIterator<Item = Duration>>(policy: impl Fn() -> D, count: u32) {
    for _ in 0..count / 8 {
        let mut delays = policy().into_iter();
        for _ in 0..8 {
            black_box(delays.next());
        }
    }
}

/// What each row is, how it is drawn, for every candidate.
const ROWS: [(&str, &str); 14] = [
    ("loop", "an iterator that does nothing"),
    ("full", "×2, cap, full jitter"),
    ("proportional", "×2, cap, proportional jitter"),
    ("limited", "×1.6, cap, proportional jitter, both limits"),
    ("growing", "any factor, before the cap, full jitter"),
    ("decorrelated", "decorrelated"),
    ("full-built", "×2, cap, full jitter: eight of a sequence"),
    (
        "limited-built",
        "×1.6, cap, proportional jitter, both limits: eight of a sequence",
    ),
    ("backon", "backon"),
    ("tokio-retry", "tokio-retry"),
    ("tokio-retry2", "tokio-retry2"),
    ("backoff", "backoff"),
    ("exponential-backoff", "exponential-backoff"),
    ("retry-policies", "retry-policies, which reads the clock"),
];

fn draw(candidate: &str, count: u32) {
    let base = Exponential::new(INITIAL).cap(CAP);
    let full = black_box(base.jitter(Jitter::Full));
    let proportional = black_box(base.jitter(Jitter::Proportional(0.2)));
    let limited = black_box(
        proportional
            .factor(1.6)
            .max_retries(u32::MAX)
            .max_total(Duration::MAX),
    );
    match candidate {
        "loop" => hot(std::iter::repeat(CAP), count),
        "full" => hot(full, count),
        "proportional" => hot(proportional, count),
        "limited" => hot(limited, count),
        "growing" => hot(black_box(full.factor(1.000_000_1)), count),
        "decorrelated" => hot(black_box(Decorrelated::new(INITIAL).cap(CAP)), count),
        "full-built" => built(|| black_box(full), count),
        "limited-built" => built(|| black_box(limited), count),
        other => draw_theirs(other, count),
    }
}

fn draw_theirs(candidate: &str, count: u32) {
    use backoff::backoff::Backoff as _;
    use backon::BackoffBuilder as _;
    use retry_policies::RetryPolicy as _;
    match candidate {
        "backon" => {
            let builder = backon::ExponentialBuilder::new()
                .with_min_delay(INITIAL)
                .with_max_delay(CAP);
            hot(
                black_box(builder.with_jitter().without_max_times()).build(),
                count,
            );
        }
        "tokio-retry" => {
            use tokio_retry::strategy::{ExponentialBackoff, jitter};
            hot(
                black_box(ExponentialBackoff::from_millis(2).factor(25).max_delay(CAP)).map(jitter),
                count,
            );
        }
        "tokio-retry2" => {
            use tokio_retry2::strategy::{ExponentialFactorBackoff, jitter};
            hot(
                black_box(ExponentialFactorBackoff::from_millis(50, 2.0).max_delay(CAP))
                    .map(jitter),
                count,
            );
        }
        "backoff" => {
            let mut builder = backoff::ExponentialBackoffBuilder::new();
            builder
                .with_initial_interval(INITIAL)
                .with_max_interval(CAP)
                .with_max_elapsed_time(None);
            let mut delays: backoff::ExponentialBackoff = black_box(builder.build());
            hot(std::iter::from_fn(|| delays.next_backoff()), count);
        }
        "exponential-backoff" => {
            let policy = black_box(exponential_backoff::Backoff::new(u32::MAX, INITIAL, CAP));
            hot(policy.iter().flatten(), count);
        }
        "retry-policies" => {
            let builder =
                retry_policies::policies::ExponentialBackoff::builder().retry_bounds(INITIAL, CAP);
            #[expect(
                clippy::disallowed_methods,
                reason = "their delays count from the system's clock"
            )]
            let (policy, start) = (
                black_box(builder.build_with_max_retries(u32::MAX)),
                SystemTime::now(),
            );
            let delays = (0_u32..).map(|n| match policy.should_retry(start, n) {
                retry_policies::RetryDecision::Retry { execute_after } => execute_after,
                retry_policies::RetryDecision::DoNotRetry => start,
            });
            hot(
                delays.map(|at| at.duration_since(start).unwrap_or_default()),
                count,
            );
        }
        other => eprintln!("no candidate {other}"),
    }
}

/// Instructions of a process that draws `count` delays of `candidate`.
fn instructions(candidate: &str, count: u32) -> Result<u32, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args([candidate, &count.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    Ok(collected
        .ok_or("callgrind counted nothing")?
        .1
        .trim()
        .parse()?)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    if let (Some(candidate), Some(count)) = (arguments.next(), arguments.next()) {
        draw(&candidate, count.parse()?);
        return Ok(());
    }
    println!("| instructions | |\n| --- | --- |");
    for (candidate, name) in ROWS {
        let difference =
            instructions(candidate, 88_000)?.saturating_sub(instructions(candidate, 8_000)?);
        println!("| {:.0} | {name} |", f64::from(difference) / 80_000.0 - 4.0);
    }
    Ok(())
}
