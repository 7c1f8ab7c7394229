//! Soaks ten thousand connectors; `cargo xtask torture --soak 10m` runs it.
#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::Parser;
use schmoozer_core::Pacer;
use torture::{Soak, allow_descriptors, serve};

#[derive(Debug, Parser)]
struct Options {
    /// For how long the servers fail
    #[arg(value_parser = humantime::parse_duration, default_value = "10m")]
    duration: Duration,
    /// How many connectors there are
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    connectors: u32,
    /// How many attempts the pacer lets through in a second
    #[arg(long, default_value_t = 2_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// How many attempts the pacer lets through at once
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    burst: u32,
    /// How often a server that answers sends a byte
    #[arg(long, default_value = "5s", value_parser = humantime::parse_duration, value_name = "TIME")]
    heartbeat: Duration,
    /// How long the connectors have to be connected again at the end
    #[arg(long, default_value = "1m", value_parser = humantime::parse_duration, value_name = "TIME")]
    patience: Duration,
    /// What the servers do is drawn from this
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Runs the servers: what the program starts itself
    #[arg(long, hide = true)]
    serve: bool,
}

/// A process has more open than its connections.
const BESIDES: u64 = 1_000;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let options = Options::parse();
    if options.serve {
        serve(options.heartbeat).await?;
        return Ok(ExitCode::SUCCESS);
    }
    allow_descriptors(u64::from(options.connectors) + BESIDES)?;
    let mut servers = Command::new(env::current_exe()?);
    let heartbeat = humantime::format_duration(options.heartbeat).to_string();
    servers.args(["--serve", "--heartbeat", &heartbeat]);

    let soak = Soak {
        connectors: options.connectors.try_into()?,
        duration: options.duration,
        per_second: options.rate,
        burst: options.burst,
        heartbeat: options.heartbeat,
        patience: options.patience,
        seed: options.seed,
    };
    let pacer = Pacer::per_second(options.rate).burst(options.burst)?;
    let report = soak.run(&pacer, servers, |line| println!("{line}")).await?;
    println!(
        "{} attempts, {} connections lost",
        report.attempts, report.lost
    );
    for verdict in &report.verdicts {
        println!("{verdict}");
    }
    Ok(if report.holds() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
