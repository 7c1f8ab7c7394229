use anyhow::Result;
use bench::{DELAYS, SEQUENCE, instructions};

use crate::process::{in_parallel, sibling};
use crate::rounds::{ROUNDS, medians, nanoseconds_each};
use crate::table::Table;

/// What one jittered exponential delay costs, in the middle of a long sequence, and in one that is built
/// for eight of them.
pub(crate) fn ask(quick: bool) -> Result<Table> {
    let mut table = Table::new(
        "One jittered exponential delay; the ratio is to the one by hand",
        &[
            "ns",
            "ratio",
            "instructions",
            "instructions, of a sequence of 8",
        ],
    );
    let delays = if quick { 50_000 } else { 500_000 };
    let measured = medians(ROUNDS, DELAYS, |source| {
        nanoseconds_each(delays, || source.draw(u64::from(delays)))
    });
    let by_hand = measured.first().copied();
    let probe = sibling("probe")?;
    let probe = probe.as_path();
    let counts = in_parallel(DELAYS, |source| {
        ["delays", "sequences"].map(|what| instructions(probe, &[what, source.name]).ok())
    });
    for ((source, nanoseconds), [hot, sequence]) in DELAYS.iter().zip(measured).zip(counts) {
        let in_sequence = sequence.map(|all| all / f64::from(SEQUENCE));
        let ratio = by_hand.map(|by_hand| nanoseconds / by_hand);
        table.row(source.name, [Some(nanoseconds), ratio, hot, in_sequence]);
    }
    Ok(table)
}
