//! Plays with real servers, and kills some again and again; `cargo xtask torture --servers` runs it.
#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{JoinSet, LocalSet};
use torture::{Installed, KillRun, Program, Scene, Verdict};

#[derive(Debug, Clone, Parser)]
struct Options {
    /// How often redis and postgres are killed each
    #[arg(long, default_value_t = 20, value_name = "N")]
    kills: u32,
    /// How many clients listen to these
    #[arg(long, default_value_t = 3, value_name = "N")]
    listeners: usize,
    /// How long they have to be back
    #[arg(long, default_value = "1m", value_parser = humantime::parse_duration, value_name = "TIME")]
    patience: Duration,
    /// The moments are drawn from this
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds instead of minutes for the others
    #[arg(long)]
    quick: bool,
    /// These servers alone
    #[arg(long, value_parser = named, value_name = "NAME")]
    only: Vec<Program>,
    /// In a namespace already: what the program starts itself
    #[arg(long, hide = true)]
    inside: bool,
}

fn named(name: &str) -> Result<Program, String> {
    Program::named(name).ok_or_else(|| {
        format!(
            "one of {}",
            Program::ALL.map(|it| it.to_string()).join(", ")
        )
    })
}

/// Set to anything, a server that is not installed is a failure.
const REQUIRED: &str = "SCHMOOZER_REQUIRE_SERVERS";

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let scenes = LocalSet::new();
    let all = scenes.run_until(play_all(Options::parse()));
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    // What is dropped then takes its servers and directories with it.
    tokio::select! {
        holds = all => Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        _ = interrupt.recv() => Ok(ExitCode::FAILURE),
        _ = terminate.recv() => Ok(ExitCode::FAILURE),
    }
}

/// Those that are killed under load come one after the other, the others meanwhile.
async fn play_all(options: Options) -> bool {
    let mut holds = true;
    let (mut killed, mut played) = (Vec::new(), JoinSet::new());
    for program in Program::ALL {
        if !options.only.is_empty() && !options.only.contains(&program) {
            continue;
        }
        match program.find() {
            Ok(installed) if installed.is_killed() => killed.push(installed),
            Ok(installed) => {
                played.spawn_local(play(installed, options.clone()));
            }
            Err(missing) => {
                println!("skipped: {program}: {missing}");
                holds &= env::var_os(REQUIRED).is_none();
            }
        }
    }
    for installed in killed {
        holds &= play(installed, options.clone()).await;
    }
    while let Some(held) = played.join_next().await {
        holds &= held.unwrap_or(false);
    }
    holds
}

/// Prints the verdicts on one server, and returns whether all hold.
async fn play(installed: Installed, options: Options) -> bool {
    let program = installed.program();
    let tell = |line: &str| println!("{program}: {line}");
    let verdicts = if installed.is_killed() {
        let run = KillRun {
            kills: options.kills,
            listeners: options.listeners,
            patience: options.patience,
            seed: options.seed,
        };
        run.run(&installed, tell).await
    } else {
        let name = program.to_string();
        let mut inside = vec!["--inside", "--only", &name];
        if options.inside {
            inside.clear();
        } else if options.quick {
            inside.push("--quick");
        }
        let scene = if options.quick {
            Scene::QUICK
        } else {
            Scene::FULL
        };
        installed.play(&scene, &inside, tell).await
    };
    let verdicts = verdicts.unwrap_or_else(|error| {
        vec![Verdict {
            on: "end",
            holds: false,
            numbers: error.to_string(),
        }]
    });
    for verdict in &verdicts {
        println!("{program:<9} {verdict}");
    }
    verdicts.iter().all(|verdict| verdict.holds)
}
