use std::fs;

use anyhow::{Context, Result, bail};
use cargo_metadata::Package;
use cargo_metadata::semver::Version;
use toml::{Table, Value};

use crate::dependency_tree::DependencyTree;
use crate::project::{Project, directory};

/// What each member of the workspace takes from it, as `key.workspace = true`.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license", "authors"];

/// Checks that each member inherits what the workspace sets, that each published one says what crates.io
/// and docs.rs show, and that none needs a newer Rust than it promises.
///
/// # Errors
///
/// Names each crate and what its manifest lacks.
pub(crate) fn check(project: &Project) -> Result<()> {
    let mut faults = Vec::new();
    for package in project.packages() {
        let text = fs::read_to_string(&package.manifest_path)?;
        let manifest: Table = text.parse().context(package.manifest_path.clone())?;
        faults.extend(not_inherited(&package.name, &manifest));
    }
    for package in project.published() {
        faults.extend(unsaid(package));
        faults.extend(too_new(project, package)?);
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

fn not_inherited(name: &str, manifest: &Table) -> Vec<String> {
    let inherits = |value: Option<&Value>| {
        value
            .and_then(|value| value.get("workspace"))
            .and_then(Value::as_bool)
            .unwrap_or(false)
    };
    let mut faults: Vec<String> = INHERITED
        .iter()
        .filter(|key| !inherits(manifest.get("package").and_then(|package| package.get(key))))
        .map(|key| format!("{name} does not inherit `{key}` from the workspace"))
        .collect();
    if !inherits(manifest.get("lints")) {
        faults.push(format!("{name} does not inherit the workspace's lints"));
    }
    let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
    let dependencies = tables
        .iter()
        .filter_map(|table| manifest.get(*table).and_then(Value::as_table))
        .flatten();
    for (dependency, value) in dependencies {
        if !inherits(Some(value)) {
            faults.push(format!(
                "{name} does not inherit the version of {dependency}"
            ));
        }
    }
    faults
}

fn unsaid(package: &Package) -> Vec<String> {
    let directory = directory(package);
    let has = |file: &str| directory.join(file).is_file();
    let said = [
        ("a description", package.description.is_some()),
        ("keywords", !package.keywords.is_empty()),
        ("categories", !package.categories.is_empty()),
        ("a README.md", package.readme.is_some() && has("README.md")),
        (
            "a link to its documentation",
            package.documentation.is_some(),
        ),
        (
            "metadata for docs.rs",
            package.metadata.pointer("/docs/rs").is_some(),
        ),
        ("a LICENSE-MIT", has("LICENSE-MIT")),
        ("a LICENSE-APACHE", has("LICENSE-APACHE")),
    ];
    said.iter()
        .filter(|(_, said)| !said)
        .map(|(what, _)| format!("{} has not got {what}", package.name))
        .collect()
}

/// The dependencies of `package` that say they need a newer Rust than it does.
fn too_new(project: &Project, package: &Package) -> Result<Vec<String>> {
    let Some(promised) = &package.rust_version else {
        return Ok(vec![format!("{} says no rust-version", package.name)]);
    };
    let tree = DependencyTree::resolve(project, &package.name, &["--all-features"])?;
    let faults = tree.crates.iter().filter_map(|dependency| {
        let resolved = project.resolved(&dependency.name, &dependency.version)?;
        let needed = resolved.rust_version.as_ref()?;
        is_newer(needed, promised).then(|| {
            format!(
                "{} promises Rust {promised}, but {} {} needs {needed}",
                package.name, dependency.name, dependency.version
            )
        })
    });
    Ok(faults.collect())
}

fn is_newer(needed: &Version, promised: &Version) -> bool {
    (needed.major, needed.minor) > (promised.major, promised.minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
[package]
name = \"core\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true
authors.workspace = true
[dependencies]
tokio = { workspace = true, features = [\"time\"] }
[lints]
workspace = true
";

    fn faults(manifest: &str) -> Vec<String> {
        not_inherited("core", &manifest.parse().expect("a manifest"))
    }

    #[test]
    fn a_manifest_that_inherits_is_good() {
        assert_eq!(faults(GOOD), [""; 0]);
    }

    #[test]
    fn a_version_of_ones_own_is_found() {
        let manifest = GOOD.replace("rust-version.workspace = true", "rust-version = \"1.90\"");
        assert_eq!(
            faults(&manifest),
            ["core does not inherit `rust-version` from the workspace"]
        );
    }

    #[test]
    fn missing_lints_are_found() {
        let manifest = GOOD.replace("[lints]\nworkspace = true\n", "");
        assert_eq!(
            faults(&manifest),
            ["core does not inherit the workspace's lints"]
        );
    }

    #[test]
    fn a_dependency_with_a_version_of_its_own_is_found() {
        let manifest = format!("{GOOD}[dev-dependencies]\nproptest = \"1\"\n");
        assert_eq!(
            faults(&manifest),
            ["core does not inherit the version of proptest"]
        );
    }

    #[test]
    fn only_the_major_and_minor_version_of_rust_count() {
        assert!(is_newer(&Version::new(1, 86, 0), &Version::new(1, 85, 0)));
        assert!(!is_newer(&Version::new(1, 85, 1), &Version::new(1, 85, 0)));
    }
}
