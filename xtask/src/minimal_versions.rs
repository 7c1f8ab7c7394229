use std::fs;

use anyhow::{Context, Result};

use crate::cargo::cargo;
use crate::check::Report;
use crate::project::Project;

/// Builds the products with the oldest version of each direct dependency that their manifests allow.
///
/// Needs the nightly cargo, which alone can choose these versions, and the registry, for what was not fetched.
pub(crate) fn check(project: &Project) -> Result<Report> {
    let Some(nightly) = project.toolchain("nightly") else {
        let install = "rustup toolchain install nightly";
        return Ok(Report::skipped("nightly cargo", install));
    };
    let shell = &project.shell;
    let place = project.metadata.target_directory.join("minimal-versions");
    shell.remove_path(&place)?;
    // A workspace of the products alone, without their tests: what the rest needs would rule out old versions.
    let workspace = fs::read_to_string(project.metadata.workspace_root.join("Cargo.toml"))?;
    let shared = workspace.split_once("[workspace.package]");
    let (_, shared) = shared.context("no [workspace.package]")?;
    let members = "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n[workspace.package]";
    shell.write_file(place.join("Cargo.toml"), format!("{members}{shared}"))?;
    for package in project.published() {
        let library = package.targets.iter().find(|target| target.is_lib());
        let library = library.context("a product without a library")?;
        let product = without_tests(&fs::read_to_string(&package.manifest_path)?);
        let product = format!("{product}[lib]\npath = {:?}\n", library.src_path);
        let place = place.join("crates").join(package.name.as_str());
        shell.write_file(place.join("Cargo.toml"), product)?;
    }
    let _here = shell.push_dir(&place);
    let resolve = format!("+{nightly} generate-lockfile -Zdirect-minimal-versions");
    cargo(project, &resolve)?;
    cargo(project, "check --locked --workspace --all-features")?;
    Ok(Report::default())
}

/// The sections of a manifest that a user of the library needs.
fn without_tests(manifest: &str) -> String {
    let mut needed = String::new();
    let mut is_needed = true;
    for line in manifest.lines() {
        if line.starts_with('[') {
            is_needed = !line.ends_with("dev-dependencies]") && !line.starts_with("[[");
        }
        if is_needed {
            needed += line;
            needed.push('\n');
        }
    }
    needed
}
