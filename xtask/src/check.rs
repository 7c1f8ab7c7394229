use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::progress::timed;
use crate::project::Project;
use crate::steps::{PRODUCTS, REST, Step};
use crate::tally::Tally;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Runs the steps that a plain `check` leaves out, and only those: after a plain `check`, this is all
    #[arg(long)]
    all: bool,
    /// Runs this step alone, of either part; repeat it to run several
    #[arg(long, value_name = "STEP", value_parser = names(), conflicts_with = "all")]
    only: Vec<String>,
    /// Lists the steps of both parts, and what each one proves
    #[arg(long)]
    list: bool,
}

impl Options {
    fn steps(&self) -> Vec<&Step> {
        if self.only.is_empty() {
            let part = if self.all { REST } else { PRODUCTS };
            return part.iter().collect();
        }
        let is_wanted = |step: &&Step| self.only.iter().any(|name| name == step.0);
        PRODUCTS.iter().chain(REST).filter(is_wanted).collect()
    }
}

fn names() -> clap::builder::PossibleValuesParser {
    let names = PRODUCTS.iter().chain(REST).map(|step| step.0);
    names.collect::<Vec<_>>().into()
}

/// What a step has to say when it ends well.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) line: String,
    pub(crate) tests: Tally,
}

impl Report {
    pub(crate) fn line(line: impl Into<String>) -> Self {
        Self {
            line: line.into(),
            ..Self::default()
        }
    }

    /// The step cannot run on a machine without `what`, which `command` brings.
    pub(crate) fn skipped(what: &str, command: &str) -> Self {
        Self::line(format!("skipped: no {what}; {command} brings it"))
    }
}

/// Runs the steps, and ends with a line that counts the tests, unless only steps without tests were asked for.
///
/// A step that fails for another reason than a test counts as one failed test, so that the last line
/// never looks better than the run was.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if options.list {
        for (title, part) in [("check", PRODUCTS), ("check --all", REST)] {
            println!("cargo xtask {title}");
            for Step(name, proves, _) in part {
                println!("  {name:<16} {proves}");
            }
        }
        return Ok(ExitCode::SUCCESS);
    }

    let project = Project::read()?;
    let mut tests = Tally::default();
    let mut code = ExitCode::SUCCESS;
    for Step(name, _, run) in options.steps() {
        let (outcome, took) = timed(name, || run(&project));
        let seconds = took.as_secs_f64();
        match outcome {
            Ok(report) => {
                println!("{seconds:>6.1} s  {}", report.line);
                tests.add(report.tests);
            }
            Err(error) => {
                println!("{seconds:>6.1} s  FAILED\n\n{error:#}\n");
                println!("repeat this step: cargo xtask check --only {name}");
                let mut failed = Tally::of(&error.to_string());
                failed.failed = failed.failed.max(1);
                tests.add(failed);
                code = ExitCode::FAILURE;
                break;
            }
        }
    }
    for reason in tests.reasons() {
        println!("{reason}");
    }
    // Of a whole run it is the last line, whatever it counts.
    if options.only.is_empty() || !tests.is_empty() {
        println!("{tests}");
    }
    Ok(code)
}
