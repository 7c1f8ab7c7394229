//! Runs the checks and measurements of the project: `cargo xtask check`, `bench`, `torture`, `mutants`, `fuzz` and `coverage`.
#![forbid(unsafe_code)]

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
mod release;
mod reliability;
mod steps;
mod style;
mod tally;
mod tool;

use std::process::{Command, ExitCode};

use clap::{Args, Parser};

use crate::tool::GUNGRAUN_RUNNER;

#[derive(Debug, Parser)]
#[command(
    bin_name = "cargo xtask",
    about = "Runs the checks and measurements of the project"
)]
enum Task {
    /// Lints and tests the published crates, and stops at the first step that fails. `check --all` runs the other steps
    Check(check::Options),
    /// Measures the crates and others like them, in one table per question; see `bench --help`
    #[command(disable_help_flag = true)]
    Bench(Passed),
    /// Runs the long tests: the simulated network with 1,000 seeds, a soak, real servers, chaos, and the rows of the
    /// reliability page; see `torture --help`
    #[command(disable_help_flag = true)]
    Torture(Passed),
    /// Changes the code in one place at a time, and expects a test to fail for each change
    Mutants(mutants::Options),
    /// Gives arbitrary text to the parsers of policies and targets
    Fuzz(fuzz::Options),
    /// Measures which lines of the published crates the tests reach
    Coverage,
    /// Builds and tests the products for other systems, as root on Debian: `--list`, `--only ROW`
    Portability(Passed),
}

#[derive(Debug, Args)]
struct Passed {
    /// What the program is told
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

fn main() -> ExitCode {
    let outcome = match Task::parse() {
        Task::Check(options) => check::run(&options),
        Task::Bench(passed) => release::run("bench", Some(&GUNGRAUN_RUNNER), &passed.arguments),
        Task::Torture(passed) => release::run("torture", None, &passed.arguments),
        Task::Mutants(options) => mutants::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Coverage => coverage::run(),
        Task::Portability(passed) => Ok(portability(&passed.arguments)),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn portability(arguments: &[String]) -> ExitCode {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/portability.sh");
    let Ok(ended) = Command::new("bash").arg(script).args(arguments).status() else {
        println!("left out: all rows; they need Debian");
        return ExitCode::SUCCESS;
    };
    ExitCode::from(u8::from(!ended.success()))
}
