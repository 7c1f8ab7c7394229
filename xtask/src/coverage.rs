use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use cargo_metadata::Message;
use xshell::cmd;

use crate::cargo::cargo;
use crate::llvm::Llvm;
use crate::project::{Project, directory};
use crate::reached::{Reached, read};

/// Only names what other crates hold, so that there is no line to reach.
const FRONT_DOOR: &str = "schmoozer";

/// Measures how many lines of each published crate its own tests and those of the others reach, and
/// names the lines that none does.
///
/// Not counted are tests, and what only the examples in the documentation or a child that is killed run.
///
/// # Errors
///
/// When LLVM's tools are not there, with what brings them; or when a test fails.
pub(crate) fn run() -> Result<ExitCode> {
    let project = Project::read()?;
    let llvm = Llvm::find(&project)?;
    let profiles = Path::new(&project.metadata.target_directory).join("coverage");
    project.shell.remove_path(&profiles)?;
    let objects = test(&project, &profiles)?;
    let lines = export(&project, &llvm, &profiles, &objects)?;
    for package in project.published() {
        if *package.name == FRONT_DOOR {
            continue;
        }
        let sources = directory(package).join("src");
        report(&project, &package.name, &files_in(&sources, &lines)?);
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs the tests of the published crates, and hands back the programs that they are.
fn test(project: &Project, profiles: &Path) -> Result<Vec<String>> {
    // Only what lies here is compiled anew for this: as a wrapper of rustc for the workspace.
    let wrapper = project.root().join("xtask/instrumented");
    let _wrapper = project.shell.push_env("RUSTC_WORKSPACE_WRAPPER", wrapper);
    let files = profiles.join("%p-%m.profraw");
    let _files = project.shell.push_env("LLVM_PROFILE_FILE", files);
    let mut arguments = vec!["test", "--locked", "--all-features", "--tests"];
    for package in project.published() {
        arguments.extend(["--package", package.name.as_str()]);
    }
    let build = [&arguments[..], &["--no-run", "--message-format=json"]].concat();
    let mut objects = Vec::new();
    for message in Message::parse_stream(cargo(project, &build)?.as_bytes()) {
        if let Message::CompilerArtifact(artifact) = message? {
            objects.extend(artifact.executable.map(|path| path.to_string()));
        }
    }
    cargo(project, &arguments)?;
    Ok(objects)
}

/// How often each line ran, as `llvm-cov` has it in the format of lcov.
fn export(project: &Project, llvm: &Llvm, profiles: &Path, objects: &[String]) -> Result<String> {
    let mut raw = Vec::new();
    for entry in fs::read_dir(profiles)? {
        raw.push(entry?.path());
    }
    let profile = profiles.join("tests.profdata");
    let Llvm { cov, profdata } = llvm;
    let shell = &project.shell;
    // One that belongs to a child that was killed may be cut short.
    cmd!(
        shell,
        "{profdata} merge --sparse --failure-mode=all --output {profile} {raw...}"
    )
    .quiet()
    .run()?;
    let objects = objects.iter().flat_map(|object| ["--object", object]);
    cmd!(
        shell,
        "{cov} export --format=lcov --instr-profile {profile} {objects...}"
    )
    .quiet()
    .ignore_stderr()
    .read()
    .context("llvm-cov")
}

/// What was reached of each file that lies in `sources`.
fn files_in(sources: &Path, lines: &str) -> Result<BTreeMap<PathBuf, Reached>> {
    let mut files = read(lines)?;
    files.retain(|file, _| file.starts_with(sources));
    for (file, reached) in &mut files {
        reached.leave_tests_out(&fs::read_to_string(file)?);
    }
    if files.is_empty() {
        bail!("no test reaches any line in {}", sources.display());
    }
    Ok(files)
}

fn report(project: &Project, name: &str, files: &BTreeMap<PathBuf, Reached>) {
    let lines: usize = files.values().map(Reached::lines).sum();
    let missed: usize = files.values().map(|file| file.missed().len()).sum();
    let tenths = (lines - missed) * 1000 / lines.max(1);
    println!("{name}: {}.{} % of {lines} lines", tenths / 10, tenths % 10);
    for (file, reached) in files {
        if !reached.missed().is_empty() {
            let file = file.strip_prefix(project.root()).unwrap_or(file);
            println!("  {}:{}", file.display(), reached.missed_ranges());
        }
    }
}
