//! Ends that are no crash, hints of the server, and giving up: rules of the loop, and what other crates do.

use std::fmt::Write as _;
use std::iter;
use std::time::Duration;

use fastrand::Rng;
use schmoozer_backoff::Exponential;
use storm::{Rules, Start, Storm, simulate};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
const GIVE_UP_AFTER: Duration = Duration::from_secs(120);

fn within_a_second(rng: &mut Rng) -> Duration {
    SECOND.mul_f64(rng.f64())
}

/// A table of each client's one attempt: its first, or its last before it gives up.
pub(crate) fn report(storm: &Storm) -> String {
    let first = [
        ("a deploy renews all: 0 to 1 s", Start::At(within_a_second)),
        (
            "the same with a shared pacer",
            Start::Paced(storm.capacity, within_a_second),
        ),
        (
            "  at once (tower `reconnect`, schmoozer 0.4.1)",
            Start::At(|_| Duration::ZERO),
        ),
        (
            "a hint of 30 s: up to 10 % more",
            Start::At(|rng| (30 * SECOND).mul_f64(1.0 + rng.f64() / 10.0)),
        ),
        (
            "  as it is (backoff, tokio-retry2 `retry_after`)",
            Start::At(|_| 30 * SECOND),
        ),
        (
            "max_age 1 h: from 0.9 of it, then 0 to 1 s",
            Start::At(|rng| HOUR.mul_f64(0.9 + rng.f64() / 10.0) + within_a_second(rng)),
        ),
        (
            "  ± 10 % (gRPC servers' MAX_CONNECTION_AGE)",
            Start::At(|rng| HOUR.mul_f64(0.9 + rng.f64() / 5.0)),
        ),
    ];
    let mut table = format!(
        "\n{:<60}{:>9}{:>9}{:>9}{:>9}{:>9}\n{}\n",
        "planned ends, hints and giving up: each client's one attempt",
        "from",
        "until",
        "1 ms",
        "10 ms",
        "1 s",
        "─".repeat(105)
    );
    for (name, start) in first {
        let up = Storm {
            horizon: 2 * 3_600,
            start,
            ..Storm::new(storm.clients, storm.clients, 0)
        };
        // Refusals, and what follows on them, are left out.
        let slots = simulate(&up, |_| iter::empty()).slots;
        table += &row(name, &slots);
        let times = f64::from(most(&slots, 1_000)) / f64::from(storm.capacity);
        // Writing to a string does not fail.
        let _ = writeln!(table, "{:>9}", format!("{times:.1}×"));
    }
    let rules = Rules {
        give_up_after: Some(GIVE_UP_AFTER),
        ..Rules::DEFAULT
    };
    let limited = Storm {
        rules,
        ..Storm::new(storm.clients, storm.capacity, 600)
    };
    let patient = Exponential::default().cap(60 * SECOND);
    let ended = simulate(&limited, |seed| patient.seeded(seed).into_iter());
    // By hand, since the loop does not do it.
    let cut = simulate(&limited, |seed| {
        let mut left = GIVE_UP_AFTER;
        patient.seeded(seed).into_iter().map_while(move |delay| {
            let delay = delay.max(rules.min_interval).min(left);
            left = left.saturating_sub(delay);
            (!delay.is_zero()).then_some(delay)
        })
    });
    for (name, outcome) in [
        (
            "give_up_after 120 s: a delay that fits no longer ends it",
            ended,
        ),
        ("  the last delay cut to what is left", cut),
    ] {
        table += &row(name, &outcome.last);
        table.push('\n');
    }
    table
}

/// From when until when there are attempts, and how many percent of them at most in 1 and in 10 ms.
fn row(name: &str, slots: &[u32]) -> String {
    let mut times = (0_u32..)
        .zip(slots)
        .filter(|(_, attempts)| **attempts > 0)
        .map(|(slot, _)| f64::from(slot) / 1_000.0);
    let from = times.next().unwrap_or(0.0);
    let until = times.last().unwrap_or(from);
    let sum: u32 = slots.iter().sum();
    let share = |length| {
        let percent = 100.0 * f64::from(most(slots, length)) / f64::from(sum);
        format!("{percent:.2} %")
    };
    let (one, ten) = (share(1), share(10));
    format!("{name:<60}{from:>9.1}{until:>9.1}{one:>9}{ten:>9}")
}

/// The most attempts in so many milliseconds.
fn most(slots: &[u32], length: usize) -> u32 {
    let sums = slots.chunks(length).map(|slots| slots.iter().sum());
    sums.max().unwrap_or(0)
}
