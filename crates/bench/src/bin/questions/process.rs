use std::env;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, bail};

/// The program `name`, built beside this one.
pub(crate) fn sibling(name: &str) -> Result<PathBuf> {
    let mut path = env::current_exe()?;
    path.set_file_name(name);
    path.set_extension(env::consts::EXE_EXTENSION);
    Ok(path)
}

/// Counts something about each of `all`, on as many threads as there are processors: counts do not mind company.
pub(crate) fn in_parallel<A: Sync, T: Send>(all: &[A], count: impl Fn(&A) -> T + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let mut counted: Vec<Option<T>> = all.iter().map(|_| None).collect();
    let each = all.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        for (all, counted) in all.chunks(each).zip(counted.chunks_mut(each)) {
            scope.spawn(|| {
                for (one, counted) in all.iter().zip(counted) {
                    *counted = Some(count(one));
                }
            });
        }
    });
    counted.into_iter().flatten().collect()
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
