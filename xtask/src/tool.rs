use std::env;
use std::ffi::OsString;
use std::process::Output;

use anyhow::{Context, Result, bail};
use xshell::cmd;

use crate::project::Project;

/// A subcommand of cargo that a task needs, in the one version that it is known to work with.
#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) subcommand: &'static str,
    pub(crate) version: &'static str,
}

impl Tool {
    /// Makes sure that the tool is there, and hands back the `PATH` to run it with.
    ///
    /// One that is installed already serves if its version is right; otherwise it is installed into
    /// `target/tools`, with the dependencies that its own lock file names.
    ///
    /// # Errors
    ///
    /// When it cannot be installed: what cargo said, and the command to repeat.
    pub(crate) fn ready(&self, project: &Project) -> Result<OsString> {
        let root = project.metadata.target_directory.join("tools");
        let before = env::var_os("PATH").unwrap_or_default();
        let directories = [root.join("bin").into_std_path_buf()]
            .into_iter()
            .chain(env::split_paths(&before));
        let path = env::join_paths(directories)?;
        let Self {
            subcommand,
            version,
        } = self;
        let is_there = || -> Result<bool> {
            let found = cmd!(project.shell, "cargo {subcommand} --version")
                .env("PATH", &path)
                .quiet()
                .ignore_status()
                .output()
                .context("cargo")?;
            Ok(self.is_this(&found))
        };
        if is_there()? {
            return Ok(path);
        }
        let install = cmd!(
            project.shell,
            "cargo install --locked --root {root} cargo-{subcommand}@{version}"
        )
        .quiet();
        let by_hand = install.to_string();
        println!("cargo-{subcommand} {version} is not there, and is installed: {by_hand}");
        if let Err(error) = install.run() {
            bail!(
                "cargo-{subcommand} {version} cannot be installed: {error}\ninstall it by hand: {by_hand}"
            );
        }
        if !is_there()? {
            bail!("cargo-{subcommand} {version} was installed, and cargo finds another");
        }
        Ok(path)
    }

    /// Whether what `--version` printed is the wanted version.
    fn is_this(&self, output: &Output) -> bool {
        let printed = String::from_utf8_lossy(&output.stdout);
        output.status.success() && printed.split_whitespace().any(|word| word == self.version)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    use super::*;

    fn is_this(code: i32, printed: &str) -> bool {
        let tool = Tool {
            subcommand: "mutants",
            version: "27.1.0",
        };
        tool.is_this(&Output {
            status: ExitStatus::from_raw(code << 8),
            stdout: printed.into(),
            stderr: Vec::new(),
        })
    }

    #[test]
    fn only_the_pinned_version_serves() {
        assert!(is_this(0, "cargo-mutants 27.1.0\n"));
        assert!(!is_this(0, "cargo-mutants 27.1.01\n"));
        assert!(!is_this(0, "cargo-mutants 26.0.0\n"));
        assert!(!is_this(101, "error: no such command: `mutants` 27.1.0\n"));
    }
}
