use std::process::ExitCode;
use std::time::Duration;

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
    /// Instead, keeps 10,000 connectors for so long on real sockets among servers that fail
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    #[arg(conflicts_with_all = ["seeds", "seed"])]
    soak: Option<Duration>,
    /// Instead, kills redis and postgres 20 times each under their clients, where they are installed
    #[arg(long, conflicts_with_all = ["seeds", "seed", "soak"])]
    servers: bool,
    /// Instead, runs one after the other: the simulation, the soak for ten minutes, the real servers
    #[arg(long, conflicts_with_all = ["seeds", "seed", "soak", "servers"])]
    all: bool,
}

/// Runs, as a release, what was asked for: the real servers, the soak, all of it, or the simulation alone.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let project = Project::read()?;
    match options.soak {
        _ if options.all => {
            simulate(&project, options)?;
            soak(&project, Duration::from_secs(600))?;
            servers(&project)
        }
        _ if options.servers => servers(&project),
        Some(duration) => soak(&project, duration),
        None => simulate(&project, options),
    }
}

fn servers(project: &Project) -> Result<ExitCode> {
    let servers = "--quiet --release --locked --package torture --bin servers".split(' ');
    cmd!(project.shell, "cargo run {servers...}")
        .quiet()
        .run()?;
    Ok(ExitCode::SUCCESS)
}

fn soak(project: &Project, duration: Duration) -> Result<ExitCode> {
    let duration = humantime::format_duration(duration).to_string();
    let soak = "--quiet --release --locked --package torture --bin soak".split(' ');
    cmd!(project.shell, "cargo run {soak...} -- {duration}")
        .quiet()
        .run()?;
    Ok(ExitCode::SUCCESS)
}

/// Plays many seeds; those that show a fault are printed with the command that replays them.
fn simulate(project: &Project, options: &Options) -> Result<ExitCode> {
    let (option, number) = match options.seed {
        Some(seed) => ("--seed", seed.to_string()),
        None => ("--seeds", options.seeds.to_string()),
    };
    let simulation = "--quiet --release --locked --package torture --bin simulation".split(' ');
    cmd!(
        project.shell,
        "cargo run {simulation...} -- {option} {number}"
    )
    .quiet()
    .run()?;
    Ok(ExitCode::SUCCESS)
}
