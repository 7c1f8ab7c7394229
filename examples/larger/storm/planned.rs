//! Ends that are no crash, hints of the server, and giving up: rules of the loop, and what other crates do.

use std::fmt::Write as _;
use std::time::Duration;

use fastrand::Rng;
use schmoozer_backoff::Exponential;
use storm::{Outcome, Rules, Start, Storm, simulate};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// A scene, and which attempts it is about: the first of each client, or the last.
struct Scene {
    name: &'static str,
    storm: Storm,
    last: bool,
}

/// What the loop does, and beside it what others do.
fn scenes(storm: &Storm) -> Vec<Scene> {
    let up = Storm {
        horizon: 2 * 3_600,
        ..Storm::new(storm.clients, storm.clients, 0)
    };
    let first = |name, start| Scene {
        name,
        storm: Storm {
            start,
            ..up.clone()
        },
        last: false,
    };
    let limited = |name, give_up_after, last| {
        let rules = Rules {
            give_up_after,
            ..Rules::DEFAULT
        };
        let storm = Storm::new(storm.clients, storm.capacity, 600);
        let storm = Storm { rules, ..storm };
        Scene { name, storm, last }
    };
    vec![
        first("a deploy renews all: 0 to 1 s", Start::At(within_a_second)),
        first(
            "the same with a shared pacer",
            Start::Paced(storm.capacity, within_a_second),
        ),
        first(
            "  at once (tower `reconnect`, schmoozer 0.4.1)",
            Start::At(|_| Duration::ZERO),
        ),
        first(
            "a hint of 30 s: up to 10 % more",
            Start::At(|rng| (30 * SECOND).mul_f64(1.0 + rng.f64() / 10.0)),
        ),
        first(
            "  as it is (backoff, tokio-retry2 `retry_after`)",
            Start::At(|_| 30 * SECOND),
        ),
        first(
            "max_age 1 h: from 0.9 of it, then 0 to 1 s",
            Start::At(|rng| HOUR.mul_f64(0.9 + rng.f64() / 10.0) + within_a_second(rng)),
        ),
        first(
            "  ± 10 % (gRPC servers' MAX_CONNECTION_AGE)",
            Start::At(|rng| HOUR.mul_f64(0.9 + rng.f64() / 5.0)),
        ),
        limited(
            "give_up_after 120 s: a delay that fits no longer ends it",
            Some(120 * SECOND),
            true,
        ),
        limited("  the last delay cut to what is left", None, true),
    ]
}

fn within_a_second(rng: &mut Rng) -> Duration {
    SECOND.mul_f64(rng.f64())
}

impl Scene {
    fn simulate(&self) -> Outcome {
        let policy = Exponential::default();
        if !self.last {
            // Refusals, and what follows on them, are left out.
            return simulate(&self.storm, |_| std::iter::empty());
        }
        let patient = policy.cap(60 * SECOND);
        if self.storm.rules.give_up_after.is_some() {
            return simulate(&self.storm, |seed| patient.seeded(seed).into_iter());
        }
        // By hand, since the loop does not do it.
        let storm = Storm {
            rules: Rules {
                give_up_after: Some(120 * SECOND),
                ..Rules::DEFAULT
            },
            ..self.storm.clone()
        };
        simulate(&storm, |seed| {
            let mut left = 120 * SECOND;
            patient.seeded(seed).into_iter().map_while(move |delay| {
                let delay = delay.max(Rules::DEFAULT.min_interval).min(left);
                left = left.saturating_sub(delay);
                (!delay.is_zero()).then_some(delay)
            })
        })
    }
}

/// A table of all of them.
pub(crate) fn report(storm: &Storm) -> String {
    let mut text = format!(
        "\n{:<60}{:>9}{:>9}{:>9}{:>9}{:>9}\n{}\n",
        "planned ends, hints and giving up: each client's one attempt",
        "from",
        "until",
        "1 ms",
        "10 ms",
        "1 s",
        "─".repeat(105)
    );
    for scene in scenes(storm) {
        let outcome = scene.simulate();
        let slots = if scene.last {
            &outcome.last
        } else {
            &outcome.slots
        };
        let sum: u32 = slots.iter().sum();
        let share = |slots_each: usize| {
            let most = slots
                .chunks(slots_each)
                .map(|slots| slots.iter().sum())
                .max();
            100.0 * f64::from(most.unwrap_or(0_u32)) / f64::from(sum)
        };
        let place = |place: Option<usize>| {
            place.map_or(Duration::ZERO, |slot| Duration::from_millis(slot as u64))
        };
        let from = place(slots.iter().position(|attempts| *attempts > 0));
        let until = place(slots.iter().rposition(|attempts| *attempts > 0));
        let second = slots.chunks(1_000).map(|slots| slots.iter().sum()).max();
        let times = f64::from(second.unwrap_or(0_u32)) / f64::from(storm.capacity);
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{:<60}{:>9}{:>9}{:>9}{:>9}{:>9}",
            scene.name,
            format!("{:.1}", from.as_secs_f64()),
            format!("{:.1}", until.as_secs_f64()),
            format!("{:.2} %", share(1)),
            format!("{:.2} %", share(10)),
            if scene.last {
                String::new()
            } else {
                format!("{times:.1}×")
            },
        );
    }
    text
}
