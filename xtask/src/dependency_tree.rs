use anyhow::{Context, Result, bail};

use crate::cargo::cargo;
use crate::project::{PLATFORM, Project};

/// What a crate's users compile: the crate itself and all its normal dependencies, each once.
#[derive(Debug, Default)]
pub(crate) struct DependencyTree {
    pub(crate) crates: Vec<Dependency>,
}

/// One crate of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) proc_macro: bool,
    pub(crate) features: Vec<String>,
    /// The names of the crates on the way to it, the crate that the tree belongs to first.
    pub(crate) path: Vec<String>,
}

impl DependencyTree {
    /// Resolves what a user of `package` compiles on Linux with `features`, by itself: as `cargo
    /// metadata` sees it, each dependency has the features that any member of the workspace asks for.
    pub(crate) fn resolve(project: &Project, package: &str, features: &[&str]) -> Result<Self> {
        let mut arguments = vec!["tree", "--locked", "--edges", "normal,build", "--no-dedupe"];
        arguments.extend(["--prefix", "depth", "--format", "{p}|{f}"]);
        arguments.extend(["--target", PLATFORM, "--package", package]);
        arguments.extend(features);
        let tree = Self::parse(&cargo(project, &arguments)?)?;
        if tree.crates.is_empty() {
            bail!("cargo tree names nothing for {package}");
        }
        Ok(tree)
    }

    /// Reads what `cargo tree --no-dedupe --prefix depth --format '{p}|{f}'` prints.
    pub(crate) fn parse(printed: &str) -> Result<Self> {
        let mut tree = Self::default();
        let mut path: Vec<String> = Vec::new();
        for line in printed.lines().filter(|line| !line.is_empty()) {
            let Some(begin) = line.find(|c: char| !c.is_ascii_digit()) else {
                bail!("not a line of a dependency tree: {line}");
            };
            let depth: usize = line[..begin]
                .parse()
                .with_context(|| format!("no depth: {line}"))?;
            let (package, features) = line[begin..].rsplit_once('|').unwrap_or_default();
            let mut words = package.split(' ');
            let name = words.next().unwrap_or_default().to_owned();
            let version = words.next().unwrap_or_default().to_owned();

            path.truncate(depth);
            let dependency = Dependency {
                proc_macro: package.contains("(proc-macro)"),
                features: features
                    .split(',')
                    .filter(|feature| !feature.is_empty())
                    .map(str::to_owned)
                    .collect(),
                path: path.clone(),
                name: name.clone(),
                version: version.clone(),
            };
            path.push(name);
            let known =
                |known: &Dependency| known.name == dependency.name && known.version == version;
            if !tree.crates.iter().any(known) {
                tree.crates.push(dependency);
            }
        }
        Ok(tree)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_crate_counts_once_and_knows_how_it_came_in() {
        let tree = DependencyTree::parse(
            "\
0core v0.5.0 (/somewhere/core)|
1tokio v1.54.1|sync,time
2pin-project-lite v0.2.18|
1tracing v0.1.44|std
2pin-project-lite v0.2.18|
2tracing-attributes v0.1.31 (proc-macro)|
",
        )
        .expect("a tree");

        let names: Vec<_> = tree.crates.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "core",
                "tokio",
                "pin-project-lite",
                "tracing",
                "tracing-attributes"
            ]
        );
        assert_eq!(tree.crates[1].features, ["sync", "time"]);
        assert!(tree.crates[0].features.is_empty());
        assert!(tree.crates[4].proc_macro);
        assert_eq!(tree.crates[4].path, ["core", "tracing"]);
    }
}
