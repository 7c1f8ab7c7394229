use anyhow::Result;
use schmoozer_bench::PARKED;

use crate::process::allocated;
use crate::table::Table;

/// What a connector with 64 B of its own takes while its connection is silent.
pub(crate) fn ask(_quick: bool) -> Result<Table> {
    let mut table = Table::new(
        "One of 100,000 parked connectors with 64 B of its own, in bytes",
        &["future", "allocations", "heap", "memory"],
    );
    for parked in PARKED {
        table.row(parked.name, allocated(&["parked", parked.name])?);
    }
    Ok(table)
}
