use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use cargo_metadata::{Message, TargetKind};

use crate::cargo::cargo;
use crate::check::Report;
use crate::project::Project;

const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Builds the examples that `selection` chooses, and runs them all at once, without arguments and without input: most
/// of their time is waiting.
///
/// # Errors
///
/// When one fails, or has not ended within a minute: its name and what it printed.
pub(crate) fn run(project: &Project, selection: &str) -> Result<Report> {
    let examples = build(project, selection)?;
    if examples.is_empty() {
        bail!("there is no example");
    }
    let start = |(name, executable): (_, PathBuf)| {
        let output = executable.with_extension("printed");
        Ok((name, Running::start(&mut Command::new(executable), output)?))
    };
    let running = examples.into_iter().map(start);
    let running = running.collect::<Result<Vec<_>>>()?;
    let line = format!("{} ran", running.len());
    for (name, example) in running {
        let outcome = example.end(TIME_LIMIT);
        outcome.with_context(|| format!("example {name}"))?;
    }
    Ok(Report::line(line))
}

/// Builds each example; returns its name and where it is.
fn build(project: &Project, selection: &str) -> Result<Vec<(String, PathBuf)>> {
    let line = format!("build --locked --examples --message-format=json {selection}");
    let mut examples = Vec::new();
    for message in Message::parse_stream(cargo(project, &line)?.as_bytes()) {
        if let Message::CompilerArtifact(artifact) = message? {
            let is_example = artifact.target.kind.contains(&TargetKind::Example);
            if let Some(executable) = artifact.executable.filter(|_| is_example) {
                examples.push((artifact.target.name, executable.into()));
            }
        }
    }
    Ok(examples)
}

/// A program that runs, and is killed when this is dropped.
#[derive(Debug)]
struct Running {
    child: Child,
    begin: Instant,
    /// What it prints.
    output: PathBuf,
}

impl Running {
    fn start(command: &mut Command, output: PathBuf) -> Result<Self> {
        let file = File::create(&output)?;
        command.stdin(Stdio::null()).stderr(file.try_clone()?);
        Ok(Self {
            child: command.stdout(file).spawn()?,
            begin: Instant::now(),
            output,
        })
    }

    /// Waits for it to end well, within `limit`.
    fn end(mut self, limit: Duration) -> Result<()> {
        let fault = loop {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => break status.to_string(),
                None if self.begin.elapsed() > limit => break "has not ended".to_owned(),
                None => thread::sleep(Duration::from_millis(20)),
            }
        };
        let printed = fs::read(&self.output)?;
        bail!("{fault}\n\n{}", String::from_utf8_lossy(&printed))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended is left alone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn an_example_must_end_well_and_in_time() -> Result<()> {
        let place = std::env::temp_dir().join(format!("schmoozer-{}", std::process::id()));
        for (script, limit, fault) in [
            ("true", 60, None),
            ("echo why; false", 60, Some("exit status: 1\n\nwhy\n")),
            ("sleep 60", 0, Some("has not ended\n\n")),
        ] {
            let mut command = Command::new("sh");
            let example = Running::start(command.args(["-c", script]), place.clone())?;
            let ended = example.end(Duration::from_secs(limit));
            let found = ended.err().map(|error| error.to_string());
            assert_eq!(found.as_deref(), fault, "{script}");
        }
        fs::remove_file(place)?;
        Ok(())
    }
}
