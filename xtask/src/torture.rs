use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::cargo::show;
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
    let run = |program: &str, arguments: &str| {
        let torture = "run --quiet --release --locked --package torture";
        show(
            &project,
            &format!("{torture} --bin {program} -- {arguments}"),
            &[],
        )
    };
    let soak = |time| {
        let time = humantime::format_duration(time).to_string();
        run("soak", &time.replace(' ', ""))
    };
    let seeds = match options.seed {
        Some(seed) => format!("--seed {seed}"),
        None => format!("--seeds {}", options.seeds),
    };
    match options.soak {
        _ if options.all => {
            run("simulation", &seeds)?;
            soak(Duration::from_secs(600))?;
            run("servers", "")?;
        }
        _ if options.servers => run("servers", "")?,
        Some(time) => soak(time)?,
        None => run("simulation", &seeds)?,
    }
    Ok(ExitCode::SUCCESS)
}
