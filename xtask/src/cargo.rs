use std::env;

use anyhow::{Context, Result, bail};
use xshell::cmd;

use crate::project::Project;

/// Runs `cargo` with the words of `line`, and returns what it prints to standard output.
///
/// # Errors
///
/// When cargo fails: the command line, then all that it printed.
pub(crate) fn cargo(project: &Project, line: &str) -> Result<String> {
    let words = line.split_whitespace();
    // Rust 1.95 crashes at times when it builds the tests of core and bench incrementally.
    let mut command = cmd!(project.shell, "cargo {words...}")
        .env("CARGO_INCREMENTAL", "0")
        .quiet();
    // What the cargo that runs this program says about it would make a build script that reads it build again.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command = command.env_remove(&*name);
        }
    }
    let output = command.ignore_status().output();
    let output = output.with_context(|| format!("cargo {line}"))?;
    let results = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let diagnostics = String::from_utf8_lossy(&output.stderr);
        bail!("cargo {line}\n\n{diagnostics}{results}");
    }
    Ok(results)
}

/// Runs `cargo` with the words of `line` and then `arguments`, and lets it print.
pub(crate) fn show(project: &Project, line: &str, arguments: &[String]) -> Result<()> {
    let words = line.split_whitespace();
    cmd!(project.shell, "cargo {words...} {arguments...}")
        .quiet()
        .run()?;
    Ok(())
}
