use std::collections::BTreeMap;
use std::io;
use std::process::Command;

use serde_json::Value;

use crate::{DELAYS, DIALS, LOOPS};

/// How often a thing is done while it is counted: so often that what happens once does not show.
pub const UNITS: u32 = 10_000;

/// The program without which instructions cannot be counted, if one is not installed.
#[must_use]
pub fn missing_counter() -> Option<&'static str> {
    let is_missing = |name: &&str| Command::new(name).arg("--version").output().is_err();
    ["valgrind", "gungraun-runner"].into_iter().find(is_missing)
}

/// The instructions in user space that one unit of `what` takes, by candidate: `ready` or `suspends` of the loops,
/// `delays`, `sequences` or `dials`.
///
/// gungraun counts them with callgrind, in the benchmark of the package `instructions`, built with its `features`.
///
/// # Errors
///
/// When the benchmark fails: all that it printed.
pub fn instructions(what: &str, features: &str) -> io::Result<BTreeMap<&'static str, f64>> {
    let package = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions/Cargo.toml");
    let output = Command::new("cargo")
        .args(["bench", "--quiet", "--locked", "--manifest-path", package])
        .args(["--features", features, "--", "--output-format=json"])
        .arg(format!("**::{what}_*"))
        .output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    // One line for each candidate, in their order.
    let counts: Option<Vec<_>> = printed.lines().map(count).collect();
    let Some(counts) = counts.filter(|_| output.status.success()) else {
        let error = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("{printed}{error}")));
    };
    let names: Vec<_> = match what {
        "ready" | "suspends" => LOOPS.iter().map(|it| it.name).collect(),
        "dials" => DIALS.iter().map(|it| it.name).collect(),
        _ => DELAYS.iter().map(|it| it.name).collect(),
    };
    let each = counts.into_iter().map(|count| count / f64::from(UNITS));
    Ok(names.into_iter().zip(each).collect())
}

fn count(summary: &str) -> Option<f64> {
    let summary: Value = serde_json::from_str(summary).ok()?;
    let total = &summary["profiles"][0]["summaries"]["total"]["summary"];
    let metrics = &total["Callgrind"]["Ir"]["metrics"];
    // `Both` holds what the run before counted, too.
    let count = metrics.get("Left").unwrap_or(&metrics["Both"][0]);
    count["Int"].as_f64()
}
