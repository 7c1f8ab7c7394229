use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::cargo::show;
use crate::project::Project;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What torture is told
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Builds torture as a release, and hands it its arguments.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let project = Project::read()?;
    let line = "run --quiet --release --locked --package torture --";
    show(&project, line, &options.arguments)?;
    Ok(ExitCode::SUCCESS)
}
