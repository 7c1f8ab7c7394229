use std::process::{Command, ExitCode};

use anyhow::{Result, bail};
use clap::Args;
use xshell::cmd;

use crate::project::Project;
use crate::tool::Tool;

const CARGO_MUTANTS: Tool = Tool {
    subcommand: "mutants",
    version: "27.1.0",
};

/// What is mutated, and the tests that must notice: those that build and end quickly, since each mutant runs them all.
const CRATES: &[(&str, &[&str])] = &[
    (
        "schmoozer-core",
        &["--test", "behaviour", "--test", "event_order"],
    ),
    ("schmoozer-backoff", &["--lib", "--tests"]),
    (
        "schmoozer-tcp",
        &[
            "--lib",
            "--test=sockets",
            "--test=hosts",
            "--test=targets",
            "--",
            // In namespaces that only root can make, and half a minute long.
            "--skip=bad_network",
            // They wait more than they work.
            "--test-threads=16",
        ],
    ),
];

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Mutates this crate alone; repeat it for several
    #[arg(long, value_name = "CRATE", value_parser = names())]
    package: Vec<String>,
    /// Passed on to cargo-mutants, such as `--re src/run.rs`, `--shard 1/4` or `--list`
    #[arg(last = true)]
    arguments: Vec<String>,
}

fn names() -> clap::builder::PossibleValuesParser {
    CRATES
        .iter()
        .map(|(name, _)| *name)
        .collect::<Vec<_>>()
        .into()
}

/// Changes the code in one place after another, and fails if some change goes unnoticed by the tests.
///
/// `.cargo/mutants.toml` says which files are mutated, and which changes make no difference and why.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let project = Project::read()?;
    let path = CARGO_MUTANTS.ready(&project)?;
    let mut survived = Vec::new();
    for &(name, tests) in CRATES {
        if !options.package.is_empty() && !options.package.iter().any(|wanted| *wanted == name) {
            continue;
        }
        let output = project
            .metadata
            .target_directory
            .join("survivors")
            .join(name);
        project.shell.create_dir(&output)?;
        let arguments = &options.arguments;
        let command = cmd!(
            project.shell,
            "cargo mutants --package {name} --output {output} {arguments...} -- {tests...}"
        )
        .env("PATH", &path);
        match Command::from(command).status()?.code() {
            Some(0) => {}
            // Some were found by their time alone, and the code does not tell whether others were not found.
            Some(2 | 3) => {
                let missed = output.join("mutants.out/missed.txt");
                survived.extend(project.shell.read_file(missed)?.lines().map(str::to_owned));
            }
            _ => bail!("cargo mutants failed on {name}; its logs are in {output}/mutants.out"),
        }
    }
    if !survived.is_empty() {
        bail!("changes that no test noticed:\n{}", survived.join("\n"));
    }
    Ok(ExitCode::SUCCESS)
}
