//! The rows of the reliability page whose tests shorten times, once with the defaults.

mod cable;
mod connections;
mod dials;
mod outages;

pub use cable::{here, there};

use std::collections::BTreeSet;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use schmoozer_faults::Behaviour;
use tokio::task::JoinSet;

/// The page that lists all rows.
const PAGE: &str = include_str!("../../schmoozer-tcp/src/_reliability.md");
/// Those that another program of torture plays too: the simulation, the soak, and the real servers.
const ELSEWHERE: [u32; 10] = [2, 3, 11, 12, 17, 20, 31, 36, 42, 43];

/// What was measured, if it is as the row has it.
type Measured = io::Result<String>;
type Playing = Pin<Box<dyn Future<Output = Measured> + Send>>;

/// Plays all rows at once, and returns whether all hold. `tell` receives a line for each, as soon as it has ended, and
/// then which rows are not among them. `inside` are the arguments with which this program cuts a cable between namespaces.
pub async fn rows(inside: &[&str], mut tell: impl FnMut(&str)) -> bool {
    let rows = table(inside);
    let played: BTreeSet<u32> = rows
        .iter()
        .flat_map(|(numbers, ..)| *numbers)
        .copied()
        .collect();
    let mut playing = JoinSet::new();
    for (numbers, name, row) in rows {
        playing.spawn(async move { (numbers, name, row.await) });
    }
    let mut holds = true;
    while let Some(ended) = playing.join_next().await {
        let (numbers, name, measured) = match ended {
            Ok(ended) => ended,
            Err(panic) => (&[][..], "a row", Err(io::Error::other(panic))),
        };
        let (held, said) = match measured {
            Ok(said) => ("ok", said),
            Err(why) if why.kind() == io::ErrorKind::Unsupported => ("skipped", why.to_string()),
            Err(why) => ("FAILED", why.to_string()),
        };
        holds &= held != "FAILED";
        tell(&format!(
            "row {:<6} {held:<7} {name}: {said}",
            list(numbers)
        ));
    }
    let elsewhere = BTreeSet::from(ELSEWHERE);
    let others = &(&all() - &played) - &elsewhere;
    let elsewhere = list(&elsewhere);
    tell(&format!(
        "rows {elsewhere}: the simulation, the soak and the real servers play them as well"
    ));
    tell(&format!(
        "rows {}: `cargo test` alone plays them",
        list(&others)
    ));
    holds
}

type Row = (&'static [u32], &'static str, Playing);

fn table(inside: &[&str]) -> [Row; 15] {
    let inside: Vec<String> = inside.iter().map(|&it| it.to_owned()).collect();
    [
        (&[6], "black hole", Box::pin(dials::black_hole())),
        (&[7], "dead address first", Box::pin(dials::dead_first())),
        (
            &[14, 49],
            "a cable is cut",
            Box::pin(cable::outside(inside)),
        ),
        (
            &[37],
            "login, then close",
            Box::pin(outages::login_then_close()),
        ),
        (&[38], "silent", Box::pin(outages::silent())),
        (&[44], "primary closes", Box::pin(outages::primary_closes())),
        (
            &[45],
            "16 dead addresses",
            Box::pin(dials::dead_addresses(16)),
        ),
        (
            &[45],
            "20 dead addresses",
            Box::pin(dials::dead_addresses(20)),
        ),
        (
            &[45],
            "64 dead addresses",
            Box::pin(dials::dead_addresses(64)),
        ),
        (
            &[45],
            "16 dead endpoints",
            Box::pin(dials::dead_endpoints(16)),
        ),
        (
            &[45],
            "64 dead endpoints",
            Box::pin(dials::dead_endpoints(64)),
        ),
        (
            &[48],
            "reads nothing for 50 s",
            Box::pin(connections::slow_reader(50, true)),
        ),
        (
            &[48],
            "for 10 minutes",
            Box::pin(connections::slow_reader(600, false)),
        ),
        (
            &[52],
            "retry_now in a hung dial",
            Box::pin(dials::retry_now()),
        ),
        (
            &[55],
            "1,000 are sent away",
            Box::pin(connections::go_away()),
        ),
    ]
}

/// The numbers in the tables of the page.
fn all() -> BTreeSet<u32> {
    let first = |line: &str| {
        line.strip_prefix("| ")?
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    };
    PAGE.lines().filter_map(first).collect()
}

/// Lists numbers in their order, those in a row as a range.
fn list<'a>(numbers: impl IntoIterator<Item = &'a u32>) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let range = |(first, last)| match last - first {
        0 => format!("{first}"),
        _ => format!("{first}–{last}"),
    };
    let ranges: Vec<String> = ranges.into_iter().map(range).collect();
    ranges.join(", ")
}

/// Says what was measured, or that it is not as it should be.
fn check(holds: bool, measured: String) -> Measured {
    if holds {
        Ok(measured)
    } else {
        Err(io::Error::other(measured))
    }
}

/// A server that is well.
fn talk() -> Behaviour {
    Behaviour::Drip(b".".into(), Duration::from_millis(200))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rows_of_the_page_are_known() {
        let last = *all().last().unwrap();
        assert_eq!(all(), (1..=last).collect());
        assert!(last >= 66);
        assert_eq!(list(&[1, 2, 3, 5, 7, 8]), "1–3, 5, 7–8");
    }
}
