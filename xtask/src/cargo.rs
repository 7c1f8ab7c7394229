use std::env;
use std::process::Output;

use anyhow::{Context, Result, bail};
use xshell::cmd;

use crate::project::Project;

/// Runs `cargo` with `arguments` and hands back its results: what it prints to standard output.
///
/// # Errors
///
/// When cargo fails: the command line, then all that it printed.
pub(crate) fn cargo(project: &Project, arguments: &[&str]) -> Result<String> {
    let output = capture(project, arguments)?;
    if !output.status.success() {
        bail!("cargo {}\n\n{}", arguments.join(" "), text(&output));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Runs `cargo` with `arguments` and hands back what it printed, whether it succeeds or not.
pub(crate) fn capture(project: &Project, arguments: &[&str]) -> Result<Output> {
    let mut command = cmd!(project.shell, "cargo {arguments...}");
    // What the cargo that runs this program says about it would make a build script that looks at it build anew.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command = command.env_remove(&*name);
        }
    }
    command
        .quiet()
        .ignore_status()
        .output()
        .with_context(|| format!("cargo {}", arguments.join(" ")))
}

/// What a command printed: the progress and diagnostics first, then the results.
pub(crate) fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout)
    )
}
