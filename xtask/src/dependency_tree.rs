use anyhow::{Context, Result, bail};

use crate::cargo::cargo;
use crate::project::Project;

/// What a crate's users compile: the crate itself and all its normal dependencies, each once.
#[derive(Debug, Default)]
pub(crate) struct DependencyTree {
    pub(crate) crates: Vec<Dependency>,
}

/// One crate of a tree.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    version: String,
    /// Its features, as `tokio/net`, and whether it is a proc macro.
    pub(crate) is: Vec<String>,
    /// The names of the crates on the way to it, from the crate that the tree belongs to.
    pub(crate) path: String,
}

impl DependencyTree {
    /// Resolves what a user of `package` compiles on `system` with `features`, by itself: as `cargo
    /// metadata` sees it, each dependency has the features that any member of the workspace asks for.
    pub(crate) fn resolve(
        project: &Project,
        package: &str,
        features: &str,
        system: &str,
    ) -> Result<Self> {
        let line = format!(
            "tree --locked --edges normal,build --no-dedupe --prefix depth --format {{p}}|{{f}} \
             --target {system} --package {package} {features}"
        );
        let tree = Self::parse(&cargo(project, &line)?)?;
        if tree.crates.is_empty() {
            bail!("cargo tree names nothing for {package}");
        }
        Ok(tree)
    }

    /// Reads what `cargo tree --no-dedupe --prefix depth --format {p}|{f}` prints.
    pub(crate) fn parse(printed: &str) -> Result<Self> {
        let mut tree = Self::default();
        let mut path: Vec<&str> = Vec::new();
        for line in printed.lines().filter(|line| !line.is_empty()) {
            let package = line.trim_start_matches(|c: char| c.is_ascii_digit());
            let depth = line[..line.len() - package.len()].parse();
            path.truncate(depth.with_context(|| format!("not a line of a tree: {line}"))?);
            let (package, features) = package.split_once('|').unwrap_or((package, ""));
            let mut words = package.split(' ');
            let name = words.next().unwrap_or_default();
            let version = words.next().unwrap_or_default();
            let version = version.trim_start_matches('v');
            path.push(name);
            if tree.holds(name, version) {
                continue;
            }
            let features = features.split(',').filter(|feature| !feature.is_empty());
            let mut is: Vec<_> = features.map(|it| format!("{name}/{it}")).collect();
            if package.contains("(proc-macro)") {
                is.push("a proc macro".to_owned());
            }
            tree.crates.push(Dependency {
                name: name.to_owned(),
                version: version.to_owned(),
                is,
                path: path.join(" > "),
            });
        }
        Ok(tree)
    }

    pub(crate) fn holds(&self, name: &str, version: &str) -> bool {
        let mut crates = self.crates.iter();
        crates.any(|known| known.name == name && known.version == version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_crate_counts_once_and_knows_how_it_came_in() {
        let printed = "0core v0.5.0 (/somewhere/core)|\n1tokio v1.54.1|sync,time\n2mio v1|\n\
            1tracing v0.1.44|std\n2mio v1|\n2attributes v0.1.31 (proc-macro)|\n";
        let tree = DependencyTree::parse(printed).expect("a tree");
        let names: Vec<_> = tree.crates.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["core", "tokio", "mio", "tracing", "attributes"]);
        assert!(tree.holds("tokio", "1.54.1"));
        assert_eq!(tree.crates[1].is, ["tokio/sync", "tokio/time"]);
        assert_eq!(tree.crates[4].is, ["a proc macro"]);
        assert_eq!(tree.crates[4].path, "core > tracing > attributes");
    }
}
