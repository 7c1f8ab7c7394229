//! Runs what the project asks of itself: `cargo xtask check`.
#![forbid(unsafe_code)]

mod cargo;
mod check;
mod dependency_tree;
mod examples;
mod feature_sets;
mod layering;
mod manifests;
mod project;
mod style;
mod tally;

use std::process::ExitCode;

use clap::Parser;

#[derive(Debug, Parser)]
#[command(
    bin_name = "cargo xtask",
    about = "Runs what the project asks of itself"
)]
enum Task {
    /// Runs every check that must hold before a change lands; stops at the first that fails
    Check(check::Options),
}

fn main() -> ExitCode {
    let outcome = match Task::parse() {
        Task::Check(options) => check::run(&options),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
