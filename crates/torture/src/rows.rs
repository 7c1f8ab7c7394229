//! Each row of the reliability page, once with the defaults: played here where its tests shorten times, and by its
//! tests.

mod cable;
mod connections;
mod dials;
mod endings;
mod lacking;
mod outages;
mod plays;

pub use plays::play_part;

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::time::{Duration, Instant};

use reliability::{Outcome, Ran};
use schmoozer_faults::Behaviour;
use tokio::task::JoinSet;

/// The page that lists all rows.
const PAGE: &str = include_str!("../../schmoozer-tcp/src/_reliability.md");

/// What was measured, if it is as the row has it.
type Measured = io::Result<String>;

/// The rows that something holds, what that is, and what it does.
type Play = (
    &'static [&'static str],
    &'static str,
    Pin<Box<dyn Future<Output = Measured> + Send>>,
);

/// A row, how it was run, what came of it, and what was measured.
type Line = (String, String, &'static str, String);

/// Runs all rows, or those of `only`, and returns whether all hold. `tell` receives the lines of a table.
///
/// # Errors
///
/// When `only` names no row.
pub async fn run(only: &[String], mut tell: impl FnMut(&str)) -> io::Result<bool> {
    let begin = Instant::now();
    let rows: Vec<(&str, &str)> = reliability::rows(PAGE).collect();
    let is_known = |row: &&String| rows.iter().any(|(known, _)| known == row);
    if let Some(unknown) = only.iter().find(|row| !is_known(row)) {
        let fault = format!("the page has no row {unknown}");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, fault));
    }
    let only = only.to_owned();
    let is_wanted = move |row: &str| only.is_empty() || only.iter().any(|it| it == row);

    // What is judged to 20 ms is played alone, and what to seconds before the tests make the machine busy.
    let mut lines = ended(start(plays::exact(), &is_wanted)).await;
    let long = start(plays::long(), &is_wanted);
    lines.extend(ended(start(plays::short(), &is_wanted)).await);
    lines.extend(by_tests(is_wanted.clone()).await);
    lines.extend(ended(start(plays::busy(), &is_wanted)).await);
    lines.extend(ended(long).await);

    for (row, _) in rows.iter().filter(|(row, _)| is_wanted(row)) {
        if lines.iter().all(|line| line.0 != *row) {
            lines.push(line(row, "", Err(io::Error::other("no test was found"))));
        }
    }
    let place = |row: &str| rows.iter().position(|(known, _)| *known == row);
    lines.sort_by_key(|(row, ..)| place(row));
    tell("| row | fault | how it ran | result | figure |\n| --- | --- | --- | --- | --- |");
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (row, how, result, figure) in &lines {
        let fault = place(row).map_or("", |place| rows[place].1);
        tell(&format!(
            "| {row} | {fault} | {how} | {result} | {figure} |"
        ));
        *counts.entry(result).or_default() += 1;
    }
    let minutes = begin.elapsed().as_secs_f64() / 60.0;
    tell(&format!("{counts:?}, in {minutes:.1} minutes"));
    Ok(!counts.contains_key("FAILED"))
}

fn line(row: &str, how: &str, measured: Measured) -> Line {
    let (result, figure) = match measured {
        Ok(figure) => ("ok", figure),
        Err(why) if why.kind() == io::ErrorKind::Unsupported => ("skipped", why.to_string()),
        Err(why) => ("FAILED", why.to_string()),
    };
    let figure = figure.trim().replace('\n', " ");
    (row.to_owned(), how.to_owned(), result, figure)
}

/// Runs the tests that name rows.
async fn by_tests(is_wanted: impl Fn(&str) -> bool + Send + 'static) -> Vec<Line> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let running = tokio::task::spawn_blocking(move || reliability::run(&root, is_wanted));
    let ran = running.await.map_err(io::Error::other).and_then(|ran| ran);
    let of = |Ran {
                  named,
                  test,
                  outcome,
              }| {
        let unsupported = |why| io::Error::new(io::ErrorKind::Unsupported, why);
        let measured = match outcome {
            Outcome::Passed => Ok(named.shows),
            Outcome::Skipped(why) => Err(unsupported(why)),
            Outcome::Failed => Err(io::Error::other("the test failed, or was not found")),
        };
        line(&named.row, &test, measured)
    };
    match ran {
        Ok(ran) => ran.into_iter().map(of).collect(),
        Err(error) => vec![line("", "tests", Err(error))],
    }
}

/// Starts what holds rows that are wanted.
fn start(plays: Vec<Play>, is_wanted: &impl Fn(&str) -> bool) -> JoinSet<Vec<Line>> {
    let mut playing = JoinSet::new();
    for (rows, name, play) in plays {
        if rows.iter().any(|row| is_wanted(row)) {
            playing.spawn(async move {
                let (_, how, result, figure) = line("", &format!("here: {name}"), play.await);
                let of = |row: &&str| (row.to_string(), how.clone(), result, figure.clone());
                rows.iter().map(of).collect()
            });
        }
    }
    playing
}

async fn ended(mut playing: JoinSet<Vec<Line>>) -> Vec<Line> {
    let mut lines = Vec::new();
    while let Some(ended) = playing.join_next().await {
        let panicked = |panic| vec![line("", "here", Err(io::Error::other(panic)))];
        for line in ended.unwrap_or_else(panicked) {
            let (row, how, result, figure) = &line;
            eprintln!("row {row}, {how}: {result}: {figure}");
            lines.push(line);
        }
    }
    lines
}

/// Says what was measured, or that it is not as it should be.
fn check(holds: bool, measured: String) -> Measured {
    holds
        .then(|| measured.clone())
        .ok_or_else(|| io::Error::other(measured))
}

/// A server that is well.
fn talk() -> Behaviour {
    Behaviour::Drip(b".".into(), Duration::from_millis(200))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_row_that_is_not_on_the_page_is_refused() {
        let error = run(&["67".to_owned()], |_| ()).await.unwrap_err();
        assert_eq!(error.to_string(), "the page has no row 67");
    }

    #[test]
    fn what_is_played_is_on_the_page() {
        let rows: Vec<&str> = reliability::rows(PAGE).map(|(row, _)| row).collect();
        assert_eq!(rows.len(), 67, "66 and the one without a number");
        for (of, name, _) in [plays::exact(), plays::short(), plays::long(), plays::busy()]
            .into_iter()
            .flatten()
        {
            assert!(of.iter().all(|row| rows.contains(row)), "{name}");
        }
    }
}
