use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use xshell::{PushEnv, cmd};

use crate::cargo::show;
use crate::project::Project;

/// Counts instructions for the benchmark; of the version of gungraun in the workspace's manifest.
pub(crate) const GUNGRAUN_RUNNER: Tool = Tool("gungraun-runner", "0.18.2");

/// A program that a task needs, often a subcommand of cargo, and the one version of it that the task is known to work
/// with.
#[derive(Debug)]
pub(crate) struct Tool(pub(crate) &'static str, pub(crate) &'static str);

impl Tool {
    /// Returns the `PATH` to run the tool with, if it is there.
    ///
    /// One that the user installed serves too, if its version is right.
    fn find(&self, project: &Project) -> Result<Option<OsString>> {
        let before = env::var_os("PATH").unwrap_or_default();
        let directories = [self.root()?.join("bin")].into_iter();
        let path = env::join_paths(directories.chain(env::split_paths(&before)))?;
        let Self(name, version) = self;
        let subcommand = name.strip_prefix("cargo-");
        let program = subcommand.map_or(*name, |_| "cargo");
        let found = cmd!(project.shell, "{program} {subcommand...} --version");
        let found = found.env("PATH", &path).quiet().ignore_status().output();
        let Ok(found) = found else { return Ok(None) };
        let printed = String::from_utf8_lossy(&found.stdout);
        let is_this = printed.split_whitespace().any(|it| it == *version);
        Ok((found.status.success() && is_this).then_some(path))
    }

    /// Returns the `PATH` to run the tool with, and installs it first where it is not there: into the user's cache,
    /// with the dependencies that its own lock file names.
    ///
    /// # Errors
    ///
    /// When it cannot be installed: the command to repeat.
    pub(crate) fn ready(&self, project: &Project) -> Result<OsString> {
        if let Some(path) = self.find(project)? {
            return Ok(path);
        }
        let root = self.root()?;
        let name = format!("{}@{}", self.0, self.1);
        let install = cmd!(
            project.shell,
            "cargo install --quiet --locked --root {root} {name}"
        )
        .env_remove("CARGO_TARGET_DIR")
        .quiet();
        let by_hand = install.to_string();
        eprintln!("{name} is not there, and is installed, which takes some minutes: {by_hand}");
        if let Err(error) = install.run() {
            bail!("{name} cannot be installed: {error}\ninstall it by hand: {by_hand}");
        }
        let found = self.find(project)?;
        found.with_context(|| format!("{name} was installed, and another is found"))
    }

    /// Runs the subcommand with the words of `line`, and lets it print.
    pub(crate) fn run(&self, project: &Project, line: &str) -> Result<()> {
        let _path = project.shell.push_env("PATH", self.ready(project)?);
        let subcommand = self.0.trim_start_matches("cargo-");
        show(project, &format!("{subcommand} {line}"), &[])
    }

    /// Lets commands find the tool while what this returns lives: nothing where the tool cannot be installed.
    pub(crate) fn provide<'a>(&self, project: &'a Project) -> Option<PushEnv<'a>> {
        let path = self.ready(project).ok()?;
        Some(project.shell.push_env("PATH", path))
    }

    /// Its place in the user's cache.
    fn root(&self) -> Result<PathBuf> {
        let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")));
        let name = format!("{}-{}", self.0, self.1);
        let cache = cache.context("no home directory")?;
        Ok(cache.join("schmoozer").join(name))
    }
}
