use anyhow::Result;

use crate::cargo::cargo;
use crate::check::Report;
use crate::project::Project;
use crate::tool::Tool;

const CARGO_DENY: Tool = Tool("deny", "0.20.2");

/// Has cargo-deny judge by `deny.toml` what the published crates bring: licences, sources, bans, second versions.
/// Advisories are no part of it: they come from elsewhere, and not everywhere.
///
/// Where cargo-deny is not there, it is skipped unless `--install` was given: its build takes longer than other steps.
pub(crate) fn check(project: &Project) -> Result<Report> {
    let path = match CARGO_DENY.find(project)? {
        Some(path) => path,
        None if project.installs => CARGO_DENY.ready(project)?,
        None => {
            let install = "cargo xtask check --only licences --install";
            return Ok(Report::skipped("cargo-deny", install));
        }
    };
    let _path = project.shell.push_env("PATH", path);
    cargo(
        project,
        "deny --locked --offline check bans licenses sources",
    )?;
    Ok(Report::default())
}
