//! Three clients among servers that misbehave at random; `cargo xtask torture --chaos` runs it.
#![forbid(unsafe_code)]

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use torture::Chaos;

#[derive(Debug, Parser)]
struct Options {
    /// For how many minutes
    #[arg(long, default_value_t = 8.0, value_parser = minutes)]
    minutes: f64,
    /// What goes wrong is drawn from this
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn minutes(text: &str) -> Result<f64, String> {
    let minutes = text.parse().map_err(|error| format!("{error}"))?;
    Duration::try_from_secs_f64(60.0 * minutes).map_err(|error| error.to_string())?;
    Ok(minutes)
}

#[tokio::main]
async fn main() -> io::Result<ExitCode> {
    let Options { minutes, seed } = Options::parse();
    let duration = Duration::from_secs_f64(60.0 * minutes);
    let verdicts = Chaos { duration, seed }
        .run(|line| println!("{line}"))
        .await?;
    for verdict in &verdicts {
        println!("{verdict}");
    }
    if verdicts.iter().all(|verdict| verdict.holds) {
        return Ok(ExitCode::SUCCESS);
    }
    println!("replay: cargo xtask torture --chaos --minutes {minutes} --seed {seed}");
    Ok(ExitCode::FAILURE)
}
