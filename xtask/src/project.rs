use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand, Package};
use xshell::{Shell, cmd};

/// The system that the tasks run on, and whose dependency trees are looked at by default.
pub(crate) const LINUX: &str = "x86_64-unknown-linux-gnu";

/// The workspace under check, as `cargo metadata` describes it.
#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) shell: Shell,
    pub(crate) metadata: Metadata,
}

impl Project {
    /// Reads the workspace that this program was built from.
    pub(crate) fn read() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask lies at the top of the workspace")?;
        let metadata = MetadataCommand::new()
            .current_dir(root)
            .other_options(["--locked", "--filter-platform", LINUX].map(str::to_owned))
            .exec()?;
        let shell = Shell::new()?;
        shell.change_dir(root);
        Ok(Self { shell, metadata })
    }

    /// The toolchain of rustup whose name begins with `name`, if it is installed.
    pub(crate) fn toolchain(&self, name: &str) -> Option<String> {
        let list = cmd!(self.shell, "rustup toolchain list");
        let list = list.quiet().ignore_stderr().read().ok()?;
        let mut names = list.lines().filter_map(|line| line.split(' ').next());
        names.find(|it| it.starts_with(name)).map(str::to_owned)
    }

    /// The members of the workspace.
    pub(crate) fn packages(&self) -> Vec<&Package> {
        self.metadata.workspace_packages()
    }

    /// The packages that users can depend on.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Package> {
        self.packages()
            .into_iter()
            .filter(|package| is_published(package))
    }

    /// How cargo is told to take what users can depend on.
    pub(crate) fn products(&self) -> String {
        selection(self.published())
    }

    /// How cargo is told to take the products and the small examples with all features. The steps that share it share
    /// what it compiles.
    pub(crate) fn built_together(&self) -> String {
        format!("{} --package examples --all-features", self.products())
    }

    /// How cargo is told to take all else but the benchmark, with all features.
    pub(crate) fn others(&self) -> String {
        let apart = ["bench", "examples", "instructions"];
        let mut others = self.packages();
        others.retain(|it| !is_published(it) && !apart.contains(&it.name.as_str()));
        format!("{} --all-features", selection(others))
    }
}

fn selection<'a>(packages: impl IntoIterator<Item = &'a Package>) -> String {
    let selected = |package: &Package| format!("--package {}", package.name);
    let all: Vec<_> = packages.into_iter().map(selected).collect();
    all.join(" ")
}

/// Whether users can depend on `package`: it does not say `publish = false`.
pub(crate) fn is_published(package: &Package) -> bool {
    package.publish.as_ref().is_none_or(|to| !to.is_empty())
}

/// The directory that holds `package`'s manifest.
pub(crate) fn directory(package: &Package) -> PathBuf {
    let mut path = PathBuf::from(&package.manifest_path);
    path.pop();
    path
}
