use anyhow::Result;
use schmoozer_bench::{DELAYS, instructions};

use crate::process::sibling;
use crate::rounds::{medians, nanoseconds_each};
use crate::table::Table;

/// What one jittered exponential delay costs, in the middle of a long sequence.
pub(crate) fn ask(quick: bool) -> Result<Table> {
    let mut table = Table::new(
        "One jittered exponential delay; the ratio is to the one by hand",
        &["ns", "ratio", "instructions"],
    );
    let delays = if quick { 50_000 } else { 500_000 };
    let measured = medians(DELAYS, |source| {
        nanoseconds_each(delays, || source.draw(u64::from(delays)))
    });
    let by_hand = measured.first().copied();
    let probe = sibling("probe")?;
    for (source, nanoseconds) in DELAYS.iter().zip(measured) {
        let counted = instructions(&probe, &["delays", source.name]).ok();
        let ratio = by_hand.map(|by_hand| nanoseconds / by_hand);
        table.row(source.name, [Some(nanoseconds), ratio, counted]);
    }
    Ok(table)
}
