use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use xshell::cmd;

use crate::project::Project;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What the benchmark is told
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds the benchmark as a release, and hands it its arguments.
///
/// It is a program of its own, so that nobody who checks the project compiles it as a release.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let project = Project::read()?;
    if let Some((first, arguments)) = options.arguments.split_first() {
        if first == "--faults" {
            return faults(&project, arguments);
        }
    }
    let arguments = &options.arguments;
    let bench = "--quiet --release --locked --package bench".split(' ');
    let (build, run) = (bench.clone(), bench);
    cmd!(project.shell, "cargo build {build...} --bins")
        .quiet()
        .run()?;
    cmd!(
        project.shell,
        "cargo run {run...} --bin questions -- {arguments...}"
    )
    .quiet()
    .run()?;
    Ok(ExitCode::SUCCESS)
}

/// Puts ours and the peers through the same faults. Counts and outcomes need no release.
fn faults(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    let run = "--quiet --locked --package bench --bin faults".split(' ');
    cmd!(project.shell, "cargo run {run...} -- {arguments...}")
        .quiet()
        .run()?;
    Ok(ExitCode::SUCCESS)
}
