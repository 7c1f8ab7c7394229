//! Runs what the project asks of itself: `cargo xtask check`, `bench`, `torture`, `mutants`, `fuzz`, `coverage`,
//! `semver` and `recording`.
#![forbid(unsafe_code)]

mod bench;
mod cargo;
mod check;
mod coverage;
mod deny_lists;
mod dependency_tree;
mod examples;
mod feature_sets;
mod fuzz;
mod layering;
mod llvm;
mod manifests;
mod mutants;
mod project;
mod reached;
mod recording;
mod reliability;
mod semver;
mod style;
mod supply_chain;
mod tally;
mod tool;
mod torture;

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
    /// Measures the crates beside their peers: one table a question; `bench --help` for more.
    /// `bench --faults` puts them through the same faults instead
    #[command(disable_help_flag = true)]
    Bench(bench::Options),
    /// Runs what takes long: the simulated network with a thousand seeds, a soak on real sockets, or
    /// real servers that are killed
    Torture(torture::Options),
    /// Changes the code in one place after another: some test must notice each change
    Mutants(mutants::Options),
    /// Gives text that nobody thought of to what reads policies and targets
    Fuzz(fuzz::Options),
    /// Measures which lines of the published crates the tests reach
    Coverage,
    /// Compares the public API with that of the last tag; says so if there is none
    Semver,
    /// Draws the pictures of `schmooze` and `fleet` in the README anew
    Recording,
}

fn main() -> ExitCode {
    let outcome = match Task::parse() {
        Task::Check(options) => check::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Torture(options) => torture::run(&options),
        Task::Mutants(options) => mutants::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Coverage => coverage::run(),
        Task::Semver => semver::run(),
        Task::Recording => recording::run(),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
