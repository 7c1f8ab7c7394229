use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand, Package, TargetKind};
use xshell::Shell;

/// The platform whose dependencies are looked at, wherever the check runs.
pub(crate) const PLATFORM: &str = "x86_64-unknown-linux-gnu";

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
            .other_options(["--locked", "--filter-platform", PLATFORM].map(str::to_owned))
            .exec()?;
        let shell = Shell::new()?;
        shell.change_dir(root);
        Ok(Self { shell, metadata })
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.metadata.workspace_root.clone().into()
    }

    /// The members of the workspace.
    pub(crate) fn packages(&self) -> Vec<&Package> {
        self.metadata.workspace_packages()
    }

    /// The package of that name and version, ours or somebody else's.
    pub(crate) fn resolved(&self, name: &str, version: &str) -> Option<&Package> {
        let version = version.trim_start_matches('v');
        self.metadata
            .packages
            .iter()
            .find(|package| *package.name == name && package.version.to_string() == version)
    }

    /// The packages that users can depend on.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Package> {
        self.packages()
            .into_iter()
            .filter(|package| is_published(package))
    }
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

/// Whether `package` has a library, so that it can have doc tests.
pub(crate) fn has_library(package: &Package) -> bool {
    package
        .targets
        .iter()
        .any(|target| target.kind.contains(&TargetKind::Lib))
}
