use std::time::Duration;

use anyhow::Result;
use schmoozer_backoff::Exponential;
use stubborn_io::strategies::ExpBackoffStrategy;

use crate::table::Table;

/// Lengths spread evenly by their logarithm: one length alone may lie just beside the sum of a schedule.
const OUTAGES: u32 = 77;
const SHORTEST: f64 = 0.5;
const LONGEST: f64 = 10.0;

type Policy = fn() -> Box<dyn Iterator<Item = Duration>>;

/// The delays that each crate has by default, from the first failed attempt on.
const POLICIES: &[(&str, Policy)] = &[
    ("schmoozer-backoff, default", || {
        Box::new(Exponential::default().into_iter())
    }),
    ("schmoozer-backoff, grpc", || {
        Box::new(Exponential::grpc().into_iter())
    }),
    ("schmoozer 0.4.1", || {
        let doubled = |delay: &u64| Some((delay * 2).min(60));
        Box::new(std::iter::successors(Some(1), doubled).map(Duration::from_secs))
    }),
    ("stubborn-io", || {
        Box::new(ExpBackoffStrategy::default().into_iter())
    }),
];

/// How long a client waits after its server is back.
#[expect(clippy::unnecessary_wraps, reason = "as every question is asked")]
pub(crate) fn ask(quick: bool) -> Result<Table> {
    let mut table = Table::new(
        "Wait after the server is back, after 77 outages of 0.5 to 10 s, in seconds",
        &["mean", "p95", "share of the outage", "attempts"],
    );
    let repeats = if quick { 20 } else { 200 };
    for (name, policy) in POLICIES {
        let mut waits = Vec::new();
        let (mut shares, mut attempts) = (0.0, 0);
        for _ in 0..repeats {
            for outage in 0..OUTAGES {
                let place = f64::from(outage) / f64::from(OUTAGES - 1);
                let length = SHORTEST * (LONGEST / SHORTEST).powf(place);
                let (wait, tried) = recover(length, policy());
                waits.push(wait);
                shares += wait / length;
                attempts += tried;
            }
        }
        waits.sort_by(f64::total_cmp);
        let count = f64::from(repeats * OUTAGES);
        let mean = waits.iter().sum::<f64>() / count;
        let p95 = waits.get(waits.len() * 95 / 100).copied();
        let attempts = f64::from(attempts) / count;
        table.row(
            name,
            [Some(mean), p95, Some(shares / count), Some(attempts)],
        );
    }
    Ok(table)
}

/// The seconds from the end of an outage to the attempt that succeeds, and the number of attempts.
fn recover(outage: f64, policy: impl Iterator<Item = Duration>) -> (f64, u32) {
    let mut now = 0.0;
    let mut attempts = 1;
    for delay in policy {
        if now >= outage {
            break;
        }
        now += delay.as_secs_f64();
        attempts += 1;
    }
    (now - outage, attempts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_from_the_end_of_the_outage_to_the_next_attempt() {
        let seconds = [1, 2, 4].map(Duration::from_secs);
        assert_eq!(recover(2.5, seconds.into_iter()), (0.5, 3));
    }
}
