use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::cargo::show;
use crate::project::Project;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What the program is told
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}

/// Builds the benchmark as a release, and hands it its arguments.
///
/// It is a program of its own, so that a check of the project does not compile it as a release.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let project = Project::read()?;
    let bench = "--release --quiet --locked --package bench";
    show(&project, &format!("build {bench} --bins"), &[])?;
    let line = format!("run {bench} --bin questions --");
    show(&project, &line, &options.arguments)?;
    Ok(ExitCode::SUCCESS)
}
