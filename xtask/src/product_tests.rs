use anyhow::{Context, Result, bail};

use crate::cargo::cargo;
use crate::check::Report;
use crate::project::Project;
use crate::tally::Tally;
use crate::tool::GUNGRAUN_RUNNER;

pub(crate) fn all_features(project: &Project) -> Result<Report> {
    run(project, &format!("--tests {}", project.built_together()))
}

pub(crate) fn documentation(project: &Project) -> Result<Report> {
    run(project, &format!("--doc {}", project.built_together()))
}

/// One by one, so that none has a feature that another asks for.
pub(crate) fn default_features(project: &Project) -> Result<Report> {
    let mut tests = Tally::default();
    for package in project.published() {
        let selection = format!("--tests --package {}", package.name);
        tests.add(count(project, &selection)?);
    }
    report(tests)
}

/// With the toolchain that is named as the products promise it, where that is installed.
pub(crate) fn oldest_rust(project: &Project) -> Result<Report> {
    let promised = project.published().find_map(|it| it.rust_version.as_ref());
    let promised = promised.context("no product says its rust-version")?;
    let name = format!("{}.{}", promised.major, promised.minor);
    let Some(toolchain) = project.toolchain(&format!("{name}.")) else {
        let install = format!("rustup toolchain install {name}.0");
        return Ok(Report::skipped(&format!("Rust {name}"), &install));
    };
    let _toolchain = project.shell.push_env("RUSTUP_TOOLCHAIN", toolchain);
    all_features(project)
}

/// The benchmark by itself: what it measures must not have the features that others ask for.
pub(crate) fn others(project: &Project) -> Result<Report> {
    let mut tests = count(project, &project.others())?;
    let _path = GUNGRAUN_RUNNER.provide(project);
    tests.add(count(project, "--package bench --all-features")?);
    report(tests)
}

/// Runs the tests that `selection` chooses, as cargo understands it.
///
/// # Errors
///
/// When one fails, or none has run.
pub(crate) fn run(project: &Project, selection: &str) -> Result<Report> {
    report(count(project, selection)?)
}

fn report(tests: Tally) -> Result<Report> {
    if tests.is_empty() {
        bail!("no test has run");
    }
    Ok(Report {
        line: tests.to_string(),
        tests,
    })
}

fn count(project: &Project, selection: &str) -> Result<Tally> {
    let line = format!("test --locked --no-fail-fast {selection} -- --show-output");
    Ok(Tally::of(&cargo(project, &line)?))
}
