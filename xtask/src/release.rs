use std::process::ExitCode;

use anyhow::Result;

use crate::cargo::show;
use crate::project::Project;
use crate::tool::Tool;

/// Builds the programs of `package` as a release, and runs its default one with `arguments`, and with `tool` where it
/// can be installed.
///
/// They are no part of this program, so that a check of the project does not compile them as a release.
pub(crate) fn run(package: &str, tool: Option<&Tool>, arguments: &[String]) -> Result<ExitCode> {
    let project = Project::read()?;
    let _path = tool.and_then(|tool| tool.provide(&project));
    let selection = format!("--release --quiet --locked --package {package}");
    show(&project, &format!("build {selection} --bins"), &[])?;
    show(&project, &format!("run {selection} --"), arguments)?;
    Ok(ExitCode::SUCCESS)
}
