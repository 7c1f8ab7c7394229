use std::fs;

use anyhow::{Context, Result, bail};
use cargo_metadata::{Metadata, MetadataCommand, Package, PackageId};

use crate::cargo::{capture, cargo, text};
use crate::deny_lists::DenyLists;
use crate::dependency_tree::DependencyTree;
use crate::project::Project;

/// How cargo-deny comes in, where there is none.
const INSTALL: &str = "cargo install --locked cargo-deny@0.20.2";

/// What was looked at, and what could not be.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) crates: usize,
    pub(crate) skipped: Option<String>,
}

/// Checks all that comes from elsewhere against `deny.toml`: the licence and the source of each crate that
/// any member of the workspace needs on any platform, who has those that are banned, and what the users of
/// a published crate get twice.
///
/// Advisories are looked up where cargo-deny is installed and can fetch them.
///
/// # Errors
///
/// Names each crate and what speaks against it.
pub(crate) fn check(project: &Project) -> Result<Outcome> {
    let text = fs::read_to_string(project.root().join("deny.toml")).context("deny.toml")?;
    let lists: DenyLists = text.parse().context("deny.toml")?;
    let everything = MetadataCommand::new()
        .current_dir(project.root())
        .other_options(["--locked", "--all-features"].map(str::to_owned))
        .exec()?;

    let mut faults = Vec::new();
    for package in &everything.packages {
        let source = package.source.as_ref().map(|source| source.repr.as_str());
        let depend_on_it = || dependents(&everything, &package.id);
        faults.extend(lists.licence_fault(&package.name, package.license.as_deref()));
        faults.extend(lists.source_fault(&package.name, source));
        faults.extend(lists.ban_faults(&package.name, depend_on_it));
    }
    for package in project.published() {
        let default = DependencyTree::resolve(project, &package.name, &[])?;
        faults.extend(lists.faults_by_default(&package.name, &default.crates));
        let whole = DependencyTree::resolve(project, &package.name, &["--all-features"])?;
        faults.extend(lists.duplicates(&package.name, &whole.crates));
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(Outcome {
        crates: everything.packages.len(),
        skipped: cargo_deny(project)?,
    })
}

/// The names of the crates that depend on one directly, whether to run, to build or to be tested.
fn dependents<'a>(metadata: &'a Metadata, id: &PackageId) -> Vec<&'a str> {
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let ids: Vec<&PackageId> = nodes
        .filter(|node| node.dependencies.contains(id))
        .map(|node| &node.id)
        .collect();
    let name = |package: &'a Package| package.name.as_str();
    let packages = metadata.packages.iter();
    packages
        .filter(|package| ids.contains(&&package.id))
        .map(name)
        .collect()
}

/// Has cargo-deny judge by the same lists, and by the advisories; says what it could not do and why.
fn cargo_deny(project: &Project) -> Result<Option<String>> {
    if !capture(project, &["deny", "--version"])?.status.success() {
        return Ok(Some(format!(
            "skipped: no advisories were looked up: cargo-deny is not installed: {INSTALL}"
        )));
    }
    cargo(project, &["deny", "check", "bans", "licenses", "sources"])?;
    let fetched = capture(project, &["deny", "fetch", "db"])?;
    if !fetched.status.success() {
        let why = text(&fetched);
        let mut said = why.lines().rev().filter(|line| !line.trim().is_empty());
        let why = said.next().unwrap_or_default();
        return Ok(Some(format!(
            "skipped: no advisories were looked up: they could not be fetched: {why}"
        )));
    }
    cargo(project, &["deny", "check", "--disable-fetch", "advisories"])?;
    Ok(None)
}
