use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::project::Project;
use crate::tool::Tool;

const CARGO_LLVM_COV: Tool = Tool("cargo-llvm-cov", "0.9.1");

/// Measures how many lines of each published crate the tests of all of them reach, and names the lines that none does.
pub(crate) fn run() -> Result<ExitCode> {
    let project = Project::read()?;
    let options = "--locked --all-features --tests --show-missing-lines";
    let line = format!("{options} {}", project.products());
    let measured = CARGO_LLVM_COV.run(&project, &line);
    measured.context("it needs LLVM's tools: rustup component add llvm-tools")?;
    Ok(ExitCode::SUCCESS)
}
