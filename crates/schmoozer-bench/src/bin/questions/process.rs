use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The program `name`, built beside this one.
pub(crate) fn sibling(name: &str) -> Result<PathBuf> {
    let mut path = env::current_exe()?;
    path.set_file_name(name);
    path.set_extension(env::consts::EXE_EXTENSION);
    Ok(path)
}

/// The numbers that a fresh `allocated` process counts.
pub(crate) fn allocated(arguments: &[&str]) -> Result<Vec<Option<f64>>> {
    let output = Command::new(sibling("allocated")?)
        .args(arguments)
        .output()?;
    if !output.status.success() {
        bail!(
            "allocated {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let printed = String::from_utf8(output.stdout)?;
    printed
        .lines()
        .map(|line| Ok(Some(line.parse().context(line.to_owned())?)))
        .collect()
}
