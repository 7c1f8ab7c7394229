use anyhow::Result;

use crate::cargo::cargo;
use crate::check::Report;
use crate::project::Project;
use crate::tool::Tool;

const CARGO_DENY: Tool = Tool("cargo-deny", "0.20.2");

/// Has cargo-deny judge by `deny.toml` what the published crates bring: licences, sources, bans, second versions.
/// Advisories are no part of it: they come from elsewhere, and not everywhere.
///
/// Skipped where cargo-deny is not there and cannot be installed, which takes two minutes.
pub(crate) fn check(project: &Project) -> Result<Report> {
    let Some(_path) = CARGO_DENY.provide(project) else {
        let install = format!("cargo install --locked cargo-deny@{}", CARGO_DENY.1);
        return Ok(Report::skipped("cargo-deny", &install));
    };
    cargo(
        project,
        "deny --locked --offline check bans licenses sources",
    )?;
    Ok(Report::default())
}
