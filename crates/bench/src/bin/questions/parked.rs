use anyhow::{Result, bail};
use bench::PARKED;

use crate::process::allocated;
use crate::table::Table;

/// What a connector with 64 B of its own takes while its connection is silent.
pub(crate) fn ask(_quick: bool) -> Result<Table> {
    let mut table = Table::new(
        "One of 100,000 parked connectors with 64 B of its own, in bytes; the ratios are to bare",
        &[
            "future",
            "allocations",
            "heap",
            "ratio",
            "memory",
            "ratio of memory",
        ],
    );
    let mut bare = None;
    for parked in PARKED {
        let counted = allocated(&["parked", parked.name])?;
        let [future, allocations, heap, memory] = counted[..] else {
            bail!("{} counts {counted:?}", parked.name);
        };
        let (bare_heap, bare_memory) = *bare.get_or_insert((heap, memory));
        let ratio = |this: Option<f64>, bare: Option<f64>| Some(this? / bare?);
        let heap_ratio = ratio(heap, bare_heap);
        let memory_ratio = ratio(memory, bare_memory);
        table.row(
            parked.name,
            [future, allocations, heap, heap_ratio, memory, memory_ratio],
        );
    }
    Ok(table)
}
