//! Kills real servers and starts them again; `cargo xtask torture --servers` runs it.
#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use torture::{KillRun, Program};

#[derive(Debug, Parser)]
struct Options {
    /// How often each server is killed
    #[arg(long, default_value_t = 20, value_name = "N")]
    kills: u32,
    /// How many clients listen
    #[arg(long, default_value_t = 3, value_name = "N")]
    listeners: usize,
    /// How long they have to be back
    #[arg(long, default_value = "1m", value_parser = humantime::parse_duration, value_name = "TIME")]
    patience: Duration,
    /// The moments are drawn from this
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Set to anything, a server that is not installed is a failure.
const REQUIRED: &str = "SCHMOOZER_REQUIRE_SERVERS";

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let killing = kill_all(Options::parse());
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    // What is dropped then takes its servers and directories with it.
    tokio::select! {
        ended = killing => ended,
        _ = interrupt.recv() => Ok(ExitCode::FAILURE),
        _ = terminate.recv() => Ok(ExitCode::FAILURE),
    }
}

async fn kill_all(options: Options) -> Result<ExitCode, Box<dyn Error>> {
    let kills = KillRun {
        kills: options.kills,
        listeners: options.listeners,
        patience: options.patience,
        seed: options.seed,
    };
    let mut code = ExitCode::SUCCESS;
    for program in Program::ALL {
        let installed = match program.find() {
            Ok(installed) => installed,
            Err(missing) => {
                println!("skipped: {program}: {missing}");
                if env::var_os(REQUIRED).is_some() {
                    code = ExitCode::FAILURE;
                }
                continue;
            }
        };
        let tell = |line: &str| println!("{program}: {line}");
        for verdict in kills.run(&installed, tell).await? {
            println!("{program:<9} {verdict}");
            if !verdict.holds {
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}
