//! Asks what the schmoozer crates cost and do beside their peers, and prints one table a question.
#![forbid(unsafe_code)]

mod answers;
mod cold_build;
mod dead_address;
mod delays;
mod dial_profile;
mod dials;
mod loops;
mod parked;
mod process;
mod readme;
mod recovery;
mod retry_now;
mod rounds;
mod summary;
mod table;
mod targets;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use clap::Parser;

use crate::answers::Answers;
use crate::table::Table;
use crate::targets::reached;

#[derive(Debug, Parser)]
#[command(
    bin_name = "cargo xtask bench",
    about = "Asks what the crates cost and do beside their peers"
)]
struct Options {
    /// Ends within a minute: shorter rounds and outages, nothing compiled (no cold-build, no tracing)
    #[arg(long)]
    quick: bool,
    /// Asks this question alone; repeat it to ask several
    #[arg(long, value_name = "QUESTION", value_parser = names())]
    only: Vec<String>,
    /// Writes the answers to this file, as JSON
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Says what has moved since the answers in this file
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Writes the answers into the READMEs
    #[arg(long, conflicts_with = "quick")]
    write_readme: bool,
}

struct Question {
    name: &'static str,
    ask: fn(quick: bool) -> Result<Table>,
}

const QUESTIONS: &[Question] = &[
    Question {
        name: "loop",
        ask: loops::ask,
    },
    Question {
        name: "delay",
        ask: delays::ask,
    },
    Question {
        name: "parked",
        ask: parked::ask,
    },
    Question {
        name: "dial",
        ask: dials::ask,
    },
    Question {
        name: "dial-profile",
        ask: dial_profile::ask,
    },
    Question {
        name: "recovery",
        ask: recovery::ask,
    },
    Question {
        name: "retry-now",
        ask: retry_now::ask,
    },
    Question {
        name: "dead-address",
        ask: dead_address::ask,
    },
    Question {
        name: "cold-build",
        ask: cold_build::ask,
    },
];

fn names() -> clap::builder::PossibleValuesParser {
    QUESTIONS
        .iter()
        .map(|question| question.name)
        .collect::<Vec<_>>()
        .into()
}

fn main() -> Result<()> {
    let options = Options::parse();
    if options.write_readme {
        // Without it, the figures that stand there would give way to none.
        let counts = Command::new("valgrind").arg("--version").output();
        counts.context("--write-readme needs valgrind")?;
    }
    let before = options.compare.as_deref().map(Answers::read).transpose()?;
    let mut answers = Answers::default();
    let mut tables = Vec::new();
    for question in QUESTIONS {
        let asked =
            options.only.is_empty() || options.only.iter().any(|name| name == question.name);
        let slow = options.quick && options.only.is_empty() && question.name == "cold-build";
        if asked && !slow {
            let table = (question.ask)(options.quick)?;
            println!("{table}");
            answers.add(question.name, &table);
            println!("{}", reached(question.name, &answers));
            tables.push((question.name, table));
        }
    }
    if let Some(before) = before {
        print!("{}", answers.moved_since(&before));
    }
    if let Some(file) = options.save {
        answers.write(&file)?;
    }
    if options.write_readme {
        readme::write(&tables)?;
    }
    Ok(())
}
