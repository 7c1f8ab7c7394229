use allocation_counter::measure;
use anyhow::Result;
use bench::PARKED;
use tokio::runtime::Builder;
use tokio::task::yield_now;

use crate::counted::each;
use crate::table::Bound::AtMost;
use crate::table::Table;

const TASKS: u32 = 100_000;

/// What a connector with 64 B of its own takes while its connection is silent.
pub(crate) fn ask(_quick: bool) -> Result<Table> {
    let mut table = Table::new(
        "One of 100,000 parked connectors with 64 B of its own, in bytes; the ratio is to bare",
        &["future", "allocations", "heap", "ratio"],
    );
    let mut bare = None;
    for parked in PARKED {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let mut size = 0;
        let counted = measure(|| {
            runtime.block_on(async {
                for _ in 0..TASKS {
                    size = parked.spawn();
                    // Each one runs until it is parked.
                    yield_now().await;
                }
            });
        });
        let heap = each(u64::try_from(counted.bytes_current)?, TASKS);
        let bare = *bare.get_or_insert(heap);
        let allocations = each(counted.count_total, TASKS);
        let size = each(u64::try_from(size)?, 1);
        let row = [size, allocations, heap, heap / bare];
        table.row(parked.name, row.map(Some));
    }
    table.target("schmoozer-core run", "allocations", AtMost(2.001))?;
    table.target("schmoozer-core run", "ratio", AtMost(1.25))?;
    Ok(table)
}
