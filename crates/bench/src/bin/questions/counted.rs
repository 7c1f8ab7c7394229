use std::collections::BTreeMap;

use anyhow::Result;
use bench::{instructions, missing_counter};

/// The instructions of each candidate, or none where they cannot be counted.
pub(crate) fn counted(what: &str) -> Result<BTreeMap<&'static str, f64>> {
    if missing_counter().is_some() {
        return Ok(BTreeMap::new());
    }
    Ok(instructions(what, "peers")?)
}

/// A share of what was counted in all.
#[expect(clippy::cast_precision_loss, reason = "the counts are small")]
pub(crate) fn each(total: u64, of: u32) -> f64 {
    total as f64 / f64::from(of)
}
