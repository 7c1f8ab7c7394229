use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use bench::{LOOPS, Operation, instructions};
use tokio::runtime::Builder;

use crate::process::{allocated, in_parallel, sibling};
use crate::rounds::{ROUNDS, medians, nanoseconds_each};
use crate::table::Table;

const COLUMNS: &[&str] = &[
    "ns",
    "ratio",
    "instructions, ready",
    "instructions, suspends",
    "allocations",
    "bytes",
];
const BARE: &str = "bare, three methods";
const RUN: &str = "schmoozer-core run";

/// What one failed attempt costs in each loop, when there is no delay.
pub(crate) fn ask(quick: bool) -> Result<Table> {
    let table = Table::new(
        "One failed attempt without a delay; the ratio is to the loop over three methods",
        COLUMNS,
    );
    let mut table = measure(table, quick)?;
    if !quick {
        let probe = with_tracing()?;
        let count = |operation| instructions(&probe, &["loop", RUN, operation]).ok();
        let row = [None, None, count("ready"), count("suspends")];
        table.row("schmoozer-core run, tracing and no subscriber", row);
    }
    Ok(table)
}

fn measure(mut table: Table, quick: bool) -> Result<Table> {
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let attempts = if quick { 20_000 } else { 200_000 };
    let measured = medians(ROUNDS, LOOPS, |candidate| {
        // A millisecond each, by the timer.
        let attempts = if candidate.needs_timer { 10 } else { attempts };
        let future = candidate.start(Operation::Suspends, u64::from(attempts));
        nanoseconds_each(attempts, || candidate.drive(&runtime, future))
    });
    let reference = LOOPS.iter().position(|candidate| candidate.name == BARE);
    let reference = reference.and_then(|index| measured.get(index)).copied();
    let probe = sibling("probe")?;
    let probe = probe.as_path();
    let counts = in_parallel(LOOPS, |candidate| {
        // The timer's ticks are not the loop's.
        ["ready", "suspends"].map(|operation| {
            let count = || instructions(probe, &["loop", candidate.name, operation]).ok();
            (!candidate.needs_timer).then(count).flatten()
        })
    });
    for ((candidate, nanoseconds), counts) in LOOPS.iter().zip(measured).zip(counts) {
        let ratio = reference.map(|reference| nanoseconds / reference);
        let mut row = vec![Some(nanoseconds), ratio];
        row.extend(counts);
        row.extend(allocated(&["loop", candidate.name])?);
        table.row(candidate.name, row);
    }
    Ok(table)
}

/// Builds the probe once more: a feature is compiled in or it is not.
fn with_tracing() -> Result<PathBuf> {
    let target = sibling("tracing")?;
    let mut cargo = Command::new("cargo");
    cargo
        .args([
            "build",
            "--quiet",
            "--release",
            "--locked",
            "--bin",
            "probe",
        ])
        .args([
            "--no-default-features",
            "--features",
            "schmoozer-core/tracing",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_TARGET_DIR", &target);
    ensure!(
        cargo.status()?.success(),
        "the probe with tracing does not build"
    );
    Ok(target.join("release").join("probe"))
}
