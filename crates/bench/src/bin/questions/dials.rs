use allocation_counter::measure;
use anyhow::Result;
use bench::{DIALS, peers_apart};
use schmoozer_faults::Behaviour;
use tokio::runtime::Builder;

use crate::counted::{counted, each};
use crate::rounds::{ROUNDS, medians, nanoseconds_each};
use crate::table::Bound::{AtLeast, AtMost};
use crate::table::Table;

const DIALED: u32 = 200;
const COLUMNS: &[&str] = &[
    "us",
    "ratio",
    "ratio, the same options",
    "instructions in user space",
    "allocations",
    "bytes",
];

/// How fast a literal loopback address is dialed.
pub(crate) fn ask(quick: bool) -> Result<Table> {
    let mut table = Table::new(
        "One connect to a literal loopback address; the ratios are of connects a second, to bare and to bare with the same options",
        COLUMNS,
    );
    // Many short rounds: how long the kernel takes wanders over tenths of a second.
    let rounds = if quick { ROUNDS } else { 101 };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let [peer] = peers_apart([Behaviour::Silent])?;
    let dialers = DIALS.iter().map(|dial| (dial.dialer)(peer.addr()));
    let dialers: Vec<_> = dialers.collect();
    let mut failed = 0;
    let mut dial = |dialer: &bench::Dialing| {
        for _ in 0..DIALED {
            failed += u32::from(dialer(&runtime).is_err());
        }
    };
    let measured = medians(rounds, &dialers, |dialer| {
        nanoseconds_each(DIALED, || dial(dialer))
    });
    let allocated: Vec<_> = dialers.iter().map(|it| measure(|| dial(it))).collect();
    anyhow::ensure!(failed == 0, "{failed} connects failed");
    let counted = counted("dials")?;
    for (index, dial) in DIALS.iter().enumerate() {
        let (nanoseconds, allocated) = (measured[index], &allocated[index]);
        let row = [
            Some(nanoseconds / 1e3),
            Some(measured[0] / nanoseconds),
            Some(measured[1] / nanoseconds),
            counted.get(dial.name).copied(),
            Some(each(allocated.count_total, DIALED)),
            Some(each(allocated.bytes_total, DIALED)),
        ];
        table.row(dial.name, row);
    }
    table.target("schmoozer-tcp, no options", "ratio", AtLeast(0.97))?;
    table.target("schmoozer-tcp", "ratio, the same options", AtLeast(0.97))?;
    table.target("schmoozer-tcp", "allocations", AtMost(2.0))?;
    table.target("schmoozer-tcp", "bytes", AtMost(288.0))?;
    Ok(table)
}
