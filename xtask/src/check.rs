use std::io::{self, Write};
use std::process::{self, ExitCode};
use std::time::Instant;

use anyhow::{Result, bail};
use clap::Args;

use crate::cargo::cargo;
use crate::feature_sets::feature_sets;
use crate::project::{Project, has_library, is_published};
use crate::tally::Tally;
use crate::{examples, fuzz, layering, manifests, reliability, style, supply_chain};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Runs this step alone; repeat it to run several
    #[arg(long, value_name = "STEP", value_parser = names())]
    only: Vec<String>,
    /// Lists the steps and what each one proves
    #[arg(long)]
    list: bool,
}

struct Step {
    name: &'static str,
    proves: &'static str,
    run: fn(&Project) -> Result<Report>,
}

/// What a step has to say when it ends well.
#[derive(Debug, Default)]
struct Report {
    line: String,
    tests: Tally,
}

/// The cheapest first, so that a failure shows early.
const STEPS: &[Step] = &[
    Step {
        name: "format",
        proves: "rustfmt changes nothing",
        run: format,
    },
    Step {
        name: "style",
        proves: "file names, file lengths, nothing left for later; each row of the reliability page has its test",
        run: style,
    },
    Step {
        name: "manifests",
        proves: "inherited metadata, what crates.io shows, the Rust promised",
        run: manifests,
    },
    Step {
        name: "layering",
        proves: "no dependency that a crate's contract does not need",
        run: layering,
    },
    Step {
        name: "supply-chain",
        proves: "licences, sources, banned crates and second versions are as deny.toml has it",
        run: supply_chain,
    },
    Step {
        name: "no-std",
        proves: "schmoozer-backoff links into a program without std",
        run: no_std,
    },
    Step {
        name: "clippy",
        proves: "no lint, with each set of features of each published crate",
        run: clippy,
    },
    Step {
        name: "doc",
        proves: "the documentation builds without a warning",
        run: doc,
    },
    Step {
        name: "test",
        proves: "the tests, with all features",
        run: test,
    },
    Step {
        name: "test-default",
        proves: "the tests of each published crate, with its default features",
        run: test_default,
    },
    Step {
        name: "doctest",
        proves: "the examples in the documentation",
        run: doctest,
    },
    Step {
        name: "examples",
        proves: "each example runs on a bare machine without arguments",
        run: run_examples,
    },
    Step {
        name: "package",
        proves: "what would be published builds by itself",
        run: package,
    },
];

fn names() -> clap::builder::PossibleValuesParser {
    STEPS
        .iter()
        .map(|step| step.name)
        .collect::<Vec<_>>()
        .into()
}

/// Runs the steps, and ends with a line that counts the tests, unless only steps without tests were asked for.
///
/// A step that fails for another reason than a test counts as one failed test, so that the last line
/// never looks better than the run was.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if options.list {
        for step in STEPS {
            println!("{:<13} {}", step.name, step.proves);
        }
        return Ok(ExitCode::SUCCESS);
    }

    let project = Project::read()?;
    let wanted =
        |step: &&Step| options.only.is_empty() || options.only.iter().any(|name| name == step.name);
    let mut tests = Tally::default();
    let mut code = ExitCode::SUCCESS;
    for step in STEPS.iter().filter(wanted) {
        print!("{:<13} ", step.name);
        io::stdout().flush()?;
        let begin = Instant::now();
        let outcome = (step.run)(&project);
        let seconds = begin.elapsed().as_secs_f64();
        match outcome {
            Ok(report) => {
                println!("{seconds:>6.1} s  {}", report.line);
                tests.add(report.tests);
            }
            Err(error) => {
                println!("{seconds:>6.1} s  FAILED\n\n{error:#}\n");
                println!("repeat this step: cargo xtask check --only {}", step.name);
                let failed = Tally::of(&error.to_string());
                tests.failed += usize::from(failed.failed == 0);
                tests.add(failed);
                code = ExitCode::FAILURE;
                break;
            }
        }
    }
    for reason in &tests.skipped {
        println!("{reason}");
    }
    // Of a whole run it is the last line, whatever it counts.
    if options.only.is_empty() || !tests.is_empty() {
        println!("{tests}");
    }
    Ok(code)
}

fn format(project: &Project) -> Result<Report> {
    cargo(project, &["fmt", "--all", "--check"])?;
    // No member of the workspace.
    let fuzz = format!("{}/Cargo.toml", fuzz::CRATE);
    cargo(project, &["fmt", "--check", "--manifest-path", &fuzz])?;
    Ok(Report::default())
}

fn style(project: &Project) -> Result<Report> {
    style::check(project)?;
    reliability::check(project)?;
    Ok(Report::default())
}

fn manifests(project: &Project) -> Result<Report> {
    manifests::check(project)?;
    Ok(Report::default())
}

fn layering(project: &Project) -> Result<Report> {
    layering::check(project)?;
    Ok(Report::default())
}

fn supply_chain(project: &Project) -> Result<Report> {
    let outcome = supply_chain::check(project)?;
    let tests = Tally {
        skipped: outcome.skipped.into_iter().collect(),
        ..Tally::default()
    };
    Ok(Report {
        line: format!("{} crates", outcome.crates),
        tests,
    })
}

fn no_std(project: &Project) -> Result<Report> {
    // Not of this workspace; told where to build, it leaves nothing in the sources.
    let target = project.metadata.target_directory.join("no-std");
    // The library proves that it links without std; the tests are of a fleet of such devices.
    for command in ["build", "test"] {
        let mut arguments = vec![command, "--locked", "--target-dir", target.as_str()];
        arguments.extend([
            "--manifest-path",
            "crates/schmoozer-backoff/tests/no_std/Cargo.toml",
        ]);
        cargo(project, &arguments)?;
    }
    Ok(Report::default())
}

fn clippy(project: &Project) -> Result<Report> {
    let lint = |selection: &[&str]| {
        let mut arguments = vec!["clippy", "--locked", "--all-targets"];
        arguments.extend(selection);
        arguments.extend(["--", "-D", "warnings"]);
        cargo(project, &arguments)
    };
    lint(&["--workspace", "--all-features"])?;
    let mut runs = 1;
    for package in project.published() {
        for set in feature_sets(&package.features) {
            let mut selection = vec!["--package", package.name.as_str()];
            selection.extend(set.arguments.iter().map(String::as_str));
            lint(&selection)?;
            runs += 1;
        }
    }
    Ok(Report {
        line: format!("{runs} sets of features"),
        ..Report::default()
    })
}

fn doc(project: &Project) -> Result<Report> {
    let _flags = project.shell.push_env("RUSTDOCFLAGS", "-D warnings");
    cargo(
        project,
        &[
            "doc",
            "--locked",
            "--workspace",
            "--no-deps",
            "--all-features",
        ],
    )?;
    Ok(Report::default())
}

fn test(project: &Project) -> Result<Report> {
    let mut selection = vec!["--all-features", "--tests"];
    for package in project.published() {
        selection.extend(["--package", package.name.as_str()]);
    }
    let mut tests = run_tests(project, &selection)?;
    // One by one: what the benchmark measures must not have the features that an example asks for.
    for package in project
        .packages()
        .into_iter()
        .filter(|package| !is_published(package))
    {
        let selection = ["--package", &package.name, "--all-features", "--tests"];
        tests.add(run_tests(project, &selection)?);
    }
    counted(tests)
}

fn test_default(project: &Project) -> Result<Report> {
    let mut tests = Tally::default();
    for package in project.published() {
        tests.add(run_tests(
            project,
            &["--package", &package.name, "--tests"],
        )?);
    }
    counted(tests)
}

fn doctest(project: &Project) -> Result<Report> {
    let mut tests = Tally::default();
    for package in project
        .packages()
        .into_iter()
        .filter(|package| has_library(package))
    {
        tests.add(run_tests(
            project,
            &["--package", &package.name, "--all-features", "--doc"],
        )?);
    }
    counted(tests)
}

fn counted(tests: Tally) -> Result<Report> {
    if tests.is_empty() {
        bail!("no test has run");
    }
    Ok(Report {
        line: tests.to_string(),
        tests,
    })
}

fn run_tests(project: &Project, selection: &[&str]) -> Result<Tally> {
    let mut arguments = vec!["test", "--locked", "--no-fail-fast"];
    arguments.extend(selection);
    arguments.extend(["--", "--show-output"]);
    Ok(Tally::of(&cargo(project, &arguments)?))
}

fn run_examples(project: &Project) -> Result<Report> {
    let run = examples::run(project)?;
    Ok(Report {
        line: format!("{run} ran"),
        ..Report::default()
    })
}

fn package(project: &Project) -> Result<Report> {
    // A new one each time: cargo unpacks a crate of a given version and place once, and would build the
    // others against what was packaged before.
    let target = project
        .metadata
        .target_directory
        .join(format!("package-{}", process::id()));
    // What is packaged is what lies here, committed or not; on a clean clone that is the same.
    let mut arguments = vec!["package", "--locked", "--allow-dirty"];
    arguments.extend(["--target-dir", target.as_str()]);
    for package in project.published() {
        arguments.extend(["--package", package.name.as_str()]);
    }
    let packaged = cargo(project, &arguments);
    project.shell.remove_path(&target)?;
    packaged?;
    Ok(Report::default())
}
