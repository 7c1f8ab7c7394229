use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::project::Project;
use crate::tool::Tool;

const CARGO_FUZZ: Tool = Tool("cargo-fuzz", "0.13.2");

const CRATE: &str = "crates/fuzz";

/// What each target is given: the longest text in bytes.
const TARGETS: &[(&str, u32)] = &[("policy", 512), ("config", 1024), ("target", 300)];

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How long each target runs
    #[arg(long, default_value_t = 60, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Runs this target alone
    #[arg(long, value_name = "TARGET", value_parser = ["policy", "config", "target"])]
    target: Option<String>,
}

/// Gives arbitrary text to what reads policies and targets, until one breaks a promise.
///
/// Needs the nightly compiler. What is found on the way is kept in `target/fuzz`, beside the corpus that is committed.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let project = Project::read()?;
    let nightly = project.toolchain("nightly");
    let nightly = nightly.context("fuzzing needs nightly: rustup toolchain install nightly")?;
    let _nightly = project.shell.push_env("RUSTUP_TOOLCHAIN", nightly);
    let target = project.metadata.workspace_root.join("target/fuzz");
    let _target = project.shell.push_env("CARGO_TARGET_DIR", target);
    for (name, longest) in TARGETS {
        if options.target.as_ref().is_some_and(|wanted| wanted != name) {
            continue;
        }
        let seconds = options.seconds;
        println!("{name}: {seconds} s");
        let found = format!("target/fuzz/corpus/{name}");
        project.shell.create_dir(&found)?;
        let line = format!(
            "run --fuzz-dir {CRATE} {name} {found} {CRATE}/corpus/{name} -- -max_total_time={seconds} \
             -max_len={longest} -dict={CRATE}/words.dict -timeout=1 -print_final_stats=1"
        );
        CARGO_FUZZ.run(&project, &line).with_context(|| {
            format!("{name} failed; an input that breaks a promise is in {CRATE}/artifacts/{name}")
        })?;
    }
    Ok(ExitCode::SUCCESS)
}
