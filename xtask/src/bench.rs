use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::cargo::show;
use crate::project::Project;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What the benchmark is told
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds the benchmark as a release, and hands it its arguments; those after `--faults` go to the program that puts
/// ours and the peers through the same faults, whose counts and outcomes need no release.
///
/// It is a program of its own, so that a check of the project does not compile it as a release.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let project = Project::read()?;
    let bench = "--quiet --locked --package bench";
    match options.arguments.split_first() {
        Some((first, arguments)) if first == "--faults" => {
            show(&project, &format!("run {bench} --bin faults --"), arguments)?;
        }
        _ => {
            show(&project, &format!("build --release {bench} --bins"), &[])?;
            let line = format!("run --release {bench} --bin questions --");
            show(&project, &line, &options.arguments)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
