use anyhow::Result;
use bench::{DELAYS, SEQUENCE};

use crate::counted::counted;
use crate::rounds::{ROUNDS, medians, nanoseconds_each};
use crate::table::Bound::AtMost;
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
    let [delays, sequences] = [counted("delays")?, counted("sequences")?];
    for (source, nanoseconds) in DELAYS.iter().zip(measured) {
        let count = delays.get(source.name).copied();
        let in_sequence = sequences.get(source.name);
        let in_sequence = in_sequence.map(|all| all / f64::from(SEQUENCE));
        let ratio = by_hand.map(|by_hand| nanoseconds / by_hand);
        let row = [Some(nanoseconds), ratio, count, in_sequence];
        table.row(source.name, row);
    }
    table.target("schmoozer-backoff", "instructions", AtMost(25.0))?;
    table.target(
        "schmoozer-backoff, x1.6 and limits",
        "instructions",
        AtMost(50.0),
    )?;
    Ok(table)
}
