//! Plays many seeds, and says which of them show a fault: `cargo xtask torture` runs it.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use torture::simulation::{Plan, simulate};

#[derive(Debug, Parser)]
struct Options {
    /// How many seeds to play
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Plays this seed alone, and shows what happens in it
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let Options { seeds, seed } = Options::parse();
    let begin = Instant::now();
    let range = seed.map_or(1..=seeds, |seed| seed..=seed);
    let (mut played, mut failed, mut attempts, mut outages) = (0, Vec::new(), 0, 0);
    for seed in range.clone() {
        match simulate(seed) {
            Ok(outcome) => {
                if range.start() == range.end() {
                    println!("{}\n{outcome}", Plan::new(seed));
                }
                attempts += u64::from(outcome.attempts);
                outages += u64::from(outcome.outages);
            }
            Err(fault) => {
                println!("{fault}\nreplay: cargo xtask torture --seed {seed}\n");
                failed.push(seed);
            }
        }
        played += 1;
        if played % 100 == 0 {
            println!("{played} seeds played, {} failed", failed.len());
        }
    }
    println!(
        "{played} seeds: {attempts} attempts, {outages} outages, {} failed, in {:.1} s",
        failed.len(),
        begin.elapsed().as_secs_f64(),
    );
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    for seed in failed {
        println!("replay: cargo xtask torture --seed {seed}");
    }
    ExitCode::FAILURE
}
