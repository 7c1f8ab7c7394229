use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::cargo::show;
use crate::project::Project;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
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
    /// Instead, plays with real servers, those that are installed
    #[arg(long, conflicts_with_all = ["seeds", "seed", "soak"])]
    servers: bool,
    /// With `--servers`: seconds instead of minutes
    #[arg(long, requires = "servers")]
    quick: bool,
    /// Instead, three clients among servers that misbehave at random, as `--seed` says
    #[arg(long, conflicts_with_all = ["seeds", "soak", "servers"])]
    chaos: bool,
    /// With `--chaos`: for how many minutes
    #[arg(long, default_value_t = 8.0, value_name = "N", requires = "chaos")]
    minutes: f64,
    /// Instead, rows of the reliability page with the defaults; takes 11 minutes
    #[arg(long, conflicts_with_all = ["seeds", "seed", "soak", "servers", "chaos"])]
    rows: bool,
    /// Instead, runs one after the other: the simulation, the soak for ten minutes, the real servers, chaos, the rows
    #[arg(long, conflicts_with_all = ["seeds", "seed", "soak", "servers", "chaos", "rows"])]
    all: bool,
}

/// Runs, as a release, what was asked for, or the simulation alone.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let project = Project::read()?;
    let torture = |program: &str, arguments: &str| {
        let run = "run --quiet --release --locked --package torture";
        let line = format!("{run} --bin {program} -- {arguments}");
        show(&project, &line, &[])
    };
    let alone = options.soak.is_none() && !(options.servers || options.chaos || options.rows);
    if options.all || alone {
        let seeds = format!("--seeds {}", options.seeds);
        let seed = options.seed.map(|seed| format!("--seed {seed}"));
        torture("simulation", &seed.unwrap_or(seeds))?;
    }
    let ten_minutes = options.all.then_some(Duration::from_secs(600));
    if let Some(time) = options.soak.or(ten_minutes) {
        // In whole seconds, so that it is one word.
        torture("soak", &format!("{}s", time.as_secs()))?;
    }
    if options.all || options.servers {
        torture("servers", if options.quick { "--quick" } else { "" })?;
    }
    if options.all || options.chaos {
        let (minutes, seed) = (options.minutes, options.seed.unwrap_or(1));
        torture("chaos", &format!("--minutes {minutes} --seed {seed}"))?;
    }
    if options.all || options.rows {
        torture("rows", "")?;
    }
    Ok(ExitCode::SUCCESS)
}
