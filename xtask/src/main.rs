//! Runs what the project asks of itself: `cargo xtask check`, `bench`, `torture`, `mutants`, `fuzz` and `coverage`.
#![forbid(unsafe_code)]

mod bench;
mod cargo;
mod check;
mod coverage;
mod dependency_tree;
mod examples;
mod fuzz;
mod layering;
mod layers;
mod licences;
mod manifests;
mod minimal_versions;
mod mutants;
mod product_tests;
mod progress;
mod project;
mod reliability;
mod steps;
mod style;
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
    /// Proves that the products work; stops at the first step that fails. `check --all` proves the rest
    Check(check::Options),
    /// Measures the crates beside their peers: one table a question; `bench --help` for more
    #[command(disable_help_flag = true)]
    Bench(bench::Options),
    /// Runs what takes long: the simulated network with a thousand seeds, a soak, real servers, chaos, the rows of the
    /// reliability page; `torture --help` for more
    #[command(disable_help_flag = true)]
    Torture(torture::Options),
    /// Changes the code in one place after another: some test must notice each change
    Mutants(mutants::Options),
    /// Gives arbitrary text to what reads policies and targets
    Fuzz(fuzz::Options),
    /// Measures which lines of the published crates the tests reach
    Coverage,
}

fn main() -> ExitCode {
    let outcome = match Task::parse() {
        Task::Check(options) => check::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Torture(options) => torture::run(&options),
        Task::Mutants(options) => mutants::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Coverage => coverage::run(),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
