use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use xshell::cmd;

use crate::project::Project;
use crate::tool::Tool;

const CARGO_FUZZ: Tool = Tool {
    subcommand: "fuzz",
    version: "0.13.2",
};

pub(crate) const CRATE: &str = "crates/fuzz";

/// What each target is given: the longest text in bytes.
const TARGETS: &[(&str, &str)] = &[("policy", "512"), ("config", "1024"), ("target", "300")];

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How long each target runs
    #[arg(long, default_value_t = 60, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Runs this target alone
    #[arg(long, value_name = "TARGET", value_parser = names())]
    target: Option<String>,
}

fn names() -> clap::builder::PossibleValuesParser {
    TARGETS
        .iter()
        .map(|(name, _)| *name)
        .collect::<Vec<_>>()
        .into()
}

/// Gives text that nobody thought of to what reads policies and targets, until one breaks a promise.
///
/// Needs the nightly compiler. What is found on the way is kept
/// in `target/fuzz`, beside the corpus that is committed.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let project = Project::read()?;
    let nightly = cmd!(project.shell, "cargo +nightly --version")
        .quiet()
        .ignore_status()
        .output()
        .context("cargo")?;
    if !nightly.status.success() {
        bail!("no nightly compiler, which fuzzing needs: rustup toolchain install nightly");
    }
    let path = CARGO_FUZZ.ready(&project)?;
    let work = project.metadata.target_directory.join("fuzz");
    for (name, longest) in TARGETS {
        if options.target.as_ref().is_some_and(|wanted| wanted != name) {
            continue;
        }
        let found = work.join("corpus").join(name);
        project.shell.create_dir(&found)?;
        let seeds = project
            .metadata
            .workspace_root
            .join(CRATE)
            .join("corpus")
            .join(name);
        let dictionary = project
            .metadata
            .workspace_root
            .join(CRATE)
            .join("words.dict");
        let seconds = options.seconds.to_string();
        println!("{name}: {seconds} s");
        let outcome = cmd!(
            project.shell,
            "cargo +nightly fuzz run --fuzz-dir {CRATE} --target-dir {work} {name} {found} {seeds} -- -max_total_time={seconds} -max_len={longest} -dict={dictionary} -timeout=1 -print_final_stats=1"
        )
        .env("PATH", &path)
        .quiet()
        .run();
        if let Err(error) = outcome {
            bail!(
                "{name} failed; an input that breaks a promise is above and in {CRATE}/artifacts/{name}: {error}"
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}
