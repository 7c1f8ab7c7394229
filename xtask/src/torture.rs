use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use xshell::cmd;

use crate::project::Project;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many seeds the simulation plays
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    seeds: u64,
    /// Plays this seed alone, and shows what happens in it
    #[arg(long, value_name = "S", conflicts_with = "seeds")]
    seed: Option<u64>,
}

/// Plays the simulation with many seeds, as a release; those that show a fault are printed with the
/// command that replays them.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let project = Project::read()?;
    let (option, number) = match options.seed {
        Some(seed) => ("--seed", seed.to_string()),
        None => ("--seeds", options.seeds.to_string()),
    };
    let simulation = "--quiet --release --locked --package schmoozer-simulation".split(' ');
    cmd!(
        project.shell,
        "cargo run {simulation...} -- {option} {number}"
    )
    .quiet()
    .run()?;
    Ok(ExitCode::SUCCESS)
}
