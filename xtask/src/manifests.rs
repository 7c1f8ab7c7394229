use std::fs;

use anyhow::{Result, bail};
use cargo_metadata::Package;
use cargo_metadata::semver::Version;

use crate::check::Report;
use crate::dependency_tree::DependencyTree;
use crate::project::{LINUX, Project, directory, is_published};

/// What each member of the workspace takes from it.
const INHERITED: &[&str] = &[
    "\nversion.workspace = true\n",
    "\nedition.workspace = true\n",
    "\nrust-version.workspace = true\n",
    "\nlicense.workspace = true\n",
    "\nauthors.workspace = true\n",
    "\n[lints]\nworkspace = true\n",
];

/// What crates.io and docs.rs show of a published one.
const SHOWN: &[&str] = &[
    "\ndescription = ",
    "\nkeywords = ",
    "\ncategories = ",
    "\nreadme = \"README.md\"\n",
    "\ndocumentation = ",
    "\nrepository.workspace = true\n",
    "\n[package.metadata.docs.rs]\n",
];

/// Checks that each member inherits what the workspace sets, that each published one says what crates.io
/// and docs.rs show, and that none needs a newer Rust than it promises.
///
/// # Errors
///
/// Names each crate and what its manifest lacks.
pub(crate) fn check(project: &Project) -> Result<Report> {
    let mut faults = Vec::new();
    for package in project.packages() {
        let manifest = fs::read_to_string(&package.manifest_path)?;
        faults.extend(not_inherited(&package.name, &manifest));
        if is_published(package) {
            faults.extend(lacks(&package.name, &manifest, SHOWN));
            for file in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
                if !directory(package).join(file).is_file() {
                    faults.push(format!("{} has no {file}", package.name));
                }
            }
            faults.extend(too_new(project, package)?);
        }
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(Report::default())
}

fn lacks(name: &str, manifest: &str, texts: &[&str]) -> Vec<String> {
    let texts = texts.iter().filter(|text| !manifest.contains(**text));
    texts.map(|text| format!("{name} lacks {text:?}")).collect()
}

fn not_inherited(name: &str, manifest: &str) -> Vec<String> {
    let mut faults = lacks(name, manifest, INHERITED);
    let mut declares = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            declares = line.ends_with("dependencies]");
        } else if declares && line.contains(" = ") && !line.contains("workspace = true") {
            // Cargo takes no default feature away from what is inherited.
            if line.contains("path = ") && line.contains("default-features = false") {
                continue;
            }
            faults.push(format!("{name} does not inherit the version of {line}"));
        }
    }
    faults
}

/// The dependencies of `package` that say they need a newer Rust than it does.
fn too_new(project: &Project, package: &Package) -> Result<Vec<String>> {
    let is_newer = |needed: &Version| {
        let promised = package.rust_version.as_ref();
        promised.is_none_or(|it| (needed.major, needed.minor) > (it.major, it.minor))
    };
    let tree = DependencyTree::resolve(project, &package.name, "--all-features", LINUX)?;
    let all = project.metadata.packages.iter();
    let new = all.filter(|it| it.rust_version.as_ref().is_some_and(is_newer));
    let new = new.filter(|it| tree.holds(&it.name, &it.version.to_string()));
    let fault = |it: &Package| format!("{} needs a newer Rust than {}", it.name, package.name);
    Ok(new.map(fault).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_that_inherits_is_good_and_one_that_does_not_is_named() {
        let good = format!(
            "{}[dependencies]\ntokio = {{ workspace = true }}\n",
            INHERITED.concat()
        );
        assert_eq!(not_inherited("core", &good), [""; 0]);
        for text in INHERITED {
            let faults = not_inherited("core", &good.replace(text, ""));
            assert_eq!(faults, [format!("core lacks {text:?}")]);
        }
        assert_eq!(
            not_inherited("core", &format!("{good}proptest = \"1\"\n")),
            ["core does not inherit the version of proptest = \"1\""]
        );
    }
}
