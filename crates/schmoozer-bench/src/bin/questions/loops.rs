use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use schmoozer_bench::{LOOPS, Loop, Operation, drive, instructions};
use tokio::runtime::Builder;

use crate::process::{allocated, sibling};
use crate::rounds::{medians, nanoseconds_each};
use crate::table::Table;

/// What one failed attempt costs in each loop, when there is no delay.
pub(crate) fn ask(quick: bool) -> Result<Table> {
    let mut table = Table::new(
        "One failed attempt without a delay; the ratio is to the loop over three methods",
        &[
            "ns",
            "ratio",
            "instructions, ready",
            "instructions, suspends",
            "allocations",
            "bytes",
        ],
    );
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let attempts = if quick { 20_000 } else { 200_000 };
    let measured = medians(LOOPS, |candidate: &Loop| {
        // A millisecond each, by the timer.
        let attempts = if candidate.needs_timer { 10 } else { attempts };
        let future = candidate.start(Operation::Suspends, u64::from(attempts));
        nanoseconds_each(attempts, || {
            if candidate.needs_timer {
                runtime.block_on(future);
            } else {
                drive(future);
            }
        })
    });
    let bare = LOOPS
        .iter()
        .position(|candidate| candidate.name == "bare, three methods");
    let bare = bare.and_then(|index| measured.get(index)).copied();
    let probe = sibling("probe")?;
    for (candidate, nanoseconds) in LOOPS.iter().zip(measured) {
        let count = |operation| {
            // The timer's ticks are not the loop's.
            if candidate.needs_timer {
                return None;
            }
            instructions(&probe, &["loop", candidate.name, operation]).ok()
        };
        let mut row = vec![
            Some(nanoseconds),
            bare.map(|bare| nanoseconds / bare),
            count("ready"),
            count("suspends"),
        ];
        row.extend(allocated(&["loop", candidate.name])?);
        table.row(candidate.name, row);
    }
    if !quick {
        let probe = with_tracing()?;
        let count =
            |operation| instructions(&probe, &["loop", "schmoozer-core run", operation]).ok();
        let row = [None, None, count("ready"), count("suspends")];
        table.row("schmoozer-core run, tracing and no subscriber", row);
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
