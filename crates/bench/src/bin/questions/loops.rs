use allocation_counter::measure;
use anyhow::Result;
use bench::{LOOPS, Loop, Operation};
use tokio::runtime::{Builder, Runtime};

use crate::counted::{counted, each};
use crate::table::Bound::{AtMost, Times};
use crate::table::{Bound, Table};

const COLUMNS: &[&str] = &[
    "instructions, ready",
    "instructions, suspends",
    "allocations",
    "bytes",
];
const RUN: &str = "schmoozer-core run";
const LIKE_BARE: Bound = Times(1.3, "bare, cooperative, recorded");

/// What one failed attempt costs in each loop, when there is no delay.
pub(crate) fn ask(_quick: bool) -> Result<Table> {
    let mut table = Table::new("One failed attempt without a delay", COLUMNS);
    let runtime = Builder::new_current_thread().enable_time().build()?;
    let counted = [counted("ready")?, counted("suspends")?];
    for candidate in LOOPS {
        let [ready, suspends] = counted.each_ref().map(|it| it.get(candidate.name).copied());
        let [allocations, bytes] = allocated(candidate, &runtime).map(Some);
        let row = [ready, suspends, allocations, bytes];
        table.row(candidate.name, row);
    }
    table.target(RUN, "allocations", AtMost(0.0))?;
    for operation in ["instructions, ready", "instructions, suspends"] {
        table.target(RUN, operation, LIKE_BARE)?;
        table.target("schmoozer-core Pacer, flat", operation, AtMost(500.0))?;
        table.target(
            "schmoozer-core Runner, observer",
            operation,
            AtMost(2_000.0),
        )?;
        // Five options, of which each may cost 230 more.
        table.target("schmoozer-core Runner, options", operation, AtMost(3_150.0))?;
    }
    Ok(table)
}

/// Allocations and bytes of one attempt: the difference between many and one.
fn allocated(candidate: &Loop, runtime: &Runtime) -> [f64; 2] {
    let count = |attempts| {
        let future = candidate.start(Operation::Suspends, attempts);
        measure(|| candidate.drive(runtime, future))
    };
    count(1);
    let (one, many) = (count(1), count(101));
    [
        each(many.count_total - one.count_total, 100),
        each(many.bytes_total - one.bytes_total, 100),
    ]
}
