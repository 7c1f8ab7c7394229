use anyhow::Result;
use bench::{Acceptor, DIALS, instructions};
use tokio::runtime::Builder;

use crate::process::{allocated, in_parallel, sibling};
use crate::rounds::{ROUNDS, medians, nanoseconds_each};
use crate::table::Table;

/// How fast a literal loopback address is dialed.
pub(crate) fn ask(quick: bool) -> Result<Table> {
    let mut table = Table::new(
        "One connect to a literal loopback address; the ratios are of connects a second, to bare and to bare with the same options",
        &[
            "us",
            "ratio",
            "ratio, the same options",
            "instructions in user space",
            "allocations",
            "bytes",
        ],
    );
    // Many short rounds: how long the kernel takes wanders over tenths of a second.
    let (rounds, dialed) = if quick { (ROUNDS, 200) } else { (101, 200) };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let acceptor = Acceptor::start()?;
    let dialers: Vec<_> = DIALS
        .iter()
        .map(|dial| dial.dialer(acceptor.addr()))
        .collect();
    let mut failed = 0;
    let measured = medians(rounds, &dialers, |dialer| {
        nanoseconds_each(dialed, || {
            for _ in 0..dialed {
                failed += u32::from(dialer(&runtime).is_err());
            }
        })
    });
    anyhow::ensure!(failed == 0, "{failed} connects failed");
    let (bare, with_options) = (measured.first().copied(), measured.get(1).copied());
    let probe = sibling("probe")?;
    let probe = probe.as_path();
    let counts = in_parallel(DIALS, |dial| instructions(probe, &["dial", dial.name]).ok());
    for ((dial, nanoseconds), counted) in DIALS.iter().zip(measured).zip(counts) {
        let ratio = bare.map(|bare| bare / nanoseconds);
        let mut row = vec![
            Some(nanoseconds / 1e3),
            ratio,
            with_options.map(|bare| bare / nanoseconds),
            counted,
        ];
        row.extend(allocated(&["dial", dial.name])?);
        table.row(dial.name, row);
    }
    Ok(table)
}
