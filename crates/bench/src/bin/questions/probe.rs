use std::env;
use std::path::PathBuf;

use anyhow::Result;

/// The program that does one thing alone, built beside this one.
pub(crate) fn probe() -> Result<PathBuf> {
    let mut path = env::current_exe()?;
    path.set_file_name("probe");
    path.set_extension(env::consts::EXE_EXTENSION);
    Ok(path)
}

/// A share of what was counted in all.
#[expect(clippy::cast_precision_loss, reason = "the counts are small")]
pub(crate) fn each(total: u64, of: u32) -> f64 {
    total as f64 / f64::from(of)
}
