//! Asks what the schmoozer crates cost and do beside their peers, and prints one table a question.
#![forbid(unsafe_code)]

mod cold_build;
mod counted;
mod dead_address;
mod delays;
mod dials;
mod faults;
mod loops;
mod parked;
mod readme;
mod recovery;
mod retry_now;
mod rounds;
mod table;

use anyhow::{Result, bail};
use bench::missing_counter;
use clap::Parser;
use clap::builder::PossibleValuesParser;

use crate::table::Table;

#[derive(Debug, Parser)]
#[command(
    bin_name = "cargo xtask bench",
    about = "Asks what the crates cost and do beside their peers"
)]
struct Options {
    /// Ends within a minute: shorter rounds and outages, nothing compiled (no cold-build)
    #[arg(long)]
    quick: bool,
    /// Asks this question alone; repeat it to ask several
    #[arg(long, value_name = "QUESTION", value_parser = names())]
    only: Vec<String>,
    /// Writes the answers into the READMEs
    #[arg(long, conflicts_with = "quick")]
    write_readme: bool,
}

/// What is asked, and how the answer is found; quickly, if that is what the argument says.
type Question = (&'static str, fn(bool) -> Result<Table>);

const QUESTIONS: &[Question] = &[
    ("loop", loops::ask),
    ("delay", delays::ask),
    ("parked", parked::ask),
    ("dial", dials::ask),
    ("recovery", recovery::ask),
    ("retry-now", retry_now::ask),
    ("dead-address", dead_address::ask),
    ("faults", faults::ask),
    ("cold-build", cold_build::ask),
];

fn names() -> PossibleValuesParser {
    let names: Vec<_> = QUESTIONS.iter().map(|(name, _)| *name).collect();
    names.into()
}

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(name) = missing_counter().filter(|_| options.write_readme) {
        // Without it, the figures that stand there would give way to none.
        bail!("--write-readme needs {name}");
    }
    let mut tables = Vec::new();
    for &(name, ask) in QUESTIONS {
        let slow = options.quick && name == "cold-build";
        let all = options.only.is_empty() && !slow;
        if all || options.only.iter().any(|asked| asked == name) {
            let table = ask(options.quick)?;
            println!("{table}");
            tables.push((name, table));
        }
    }
    if options.write_readme {
        readme::write(&tables)?;
    }
    Ok(())
}
