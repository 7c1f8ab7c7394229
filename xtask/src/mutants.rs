use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Result, bail};
use clap::Args;
use xshell::cmd;

use crate::project::Project;
use crate::tool::Tool;

const CARGO_MUTANTS: Tool = Tool("cargo-mutants", "27.1.0");

/// The tests that must notice: not those that build slowly or take half a minute, since each mutant runs them all.
/// They wait more than they work.
const TESTS: &str =
    "--lib --tests -- --skip=the_compiler_points --skip=bad_network --test-threads=16";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Mutates this crate; repeat it for several
    #[arg(long, value_name = "CRATE")]
    #[arg(default_values = ["schmoozer-core", "schmoozer-backoff", "schmoozer-tcp"])]
    package: Vec<String>,
    /// Passed on to cargo-mutants, such as `--re src/run.rs`, `--shard 1/4` or `--list`
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Changes the code in one place after another, and fails if some change goes unnoticed by the tests.
///
/// `.cargo/mutants.toml` says which files are mutated, and which changes make no difference and why.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let project = Project::read()?;
    let path = CARGO_MUTANTS.ready(&project)?;
    let output = project.metadata.target_directory.join("survivors");
    project.shell.create_dir(&output)?;
    let packages = options.package.iter().flat_map(|name| ["--package", name]);
    let arguments = &options.arguments;
    let tests = TESTS.split(' ');
    let command = cmd!(
        project.shell,
        "cargo mutants {packages...} --output {output} {arguments...} -- {tests...}"
    );
    match Command::from(command.env("PATH", path)).status()?.code() {
        Some(0) => Ok(ExitCode::SUCCESS),
        // Some were found by their time alone, and the code does not tell whether others were not found.
        Some(2 | 3) => {
            let missed = fs::read_to_string(output.join("mutants.out/missed.txt"))?;
            if !missed.is_empty() {
                bail!("changes that no test noticed:\n{missed}");
            }
            Ok(ExitCode::SUCCESS)
        }
        _ => bail!("cargo mutants failed; its logs are in {output}/mutants.out"),
    }
}
