use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use cargo_metadata::{Message, TargetKind};

use crate::cargo::{capture, text};
use crate::project::Project;

const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Builds each example and runs it without arguments and without input, as a visitor would.
///
/// # Errors
///
/// When one fails, or has not ended within [`TIME_LIMIT`]: its name and what it printed.
pub(crate) fn run(project: &Project) -> Result<usize> {
    let examples = build(project)?;
    if examples.is_empty() {
        bail!("there is no example");
    }
    for (name, executable) in &examples {
        run_one(executable, TIME_LIMIT).with_context(|| format!("example {name}"))?;
    }
    Ok(examples.len())
}

/// Builds each example; says its name and where it is.
pub(crate) fn build(project: &Project) -> Result<Vec<(String, PathBuf)>> {
    let arguments = "build --locked --package examples --package larger-examples --examples --message-format=json";
    let output = capture(project, &arguments.split(' ').collect::<Vec<_>>())?;
    if !output.status.success() {
        bail!("cargo {arguments}\n\n{}", text(&output));
    }
    let mut examples = Vec::new();
    for message in Message::parse_stream(output.stdout.as_slice()) {
        if let Message::CompilerArtifact(artifact) = message? {
            let kind = &artifact.target.kind;
            let runs = kind.contains(&TargetKind::Bin) || kind.contains(&TargetKind::Example);
            if let Some(executable) = artifact.executable.filter(|_| runs) {
                examples.push((artifact.target.name, executable.into()));
            }
        }
    }
    Ok(examples)
}

fn run_one(executable: &Path, limit: Duration) -> Result<()> {
    let mut child = Command::new(executable)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let status = wait(&mut child, limit)?;
    let printed = || {
        let [out, err] = [stdout, stderr].map(|reader| reader.join().unwrap_or_default());
        format!("{out}{err}")
    };
    match status {
        None => bail!("has not ended after {} s\n\n{}", limit.as_secs(), printed()),
        Some(status) if !status.success() => bail!("{status}\n\n{}", printed()),
        Some(_) => Ok(()),
    }
}

/// Waits for `child` to end, and kills it after `limit`.
fn wait(child: &mut Child, limit: Duration) -> Result<Option<std::process::ExitStatus>> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begin.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Reads a pipe to its end on a thread of its own, so that a chatty child does not block on it.
fn drain(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read before an error is all there is to show.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn an_example_that_ends_well_passes() {
        assert!(run_one(Path::new("true"), TIME_LIMIT).is_ok());
    }

    #[test]
    fn an_example_that_fails_tells_its_status() {
        let error = run_one(Path::new("false"), TIME_LIMIT).expect_err("a failure");
        assert!(error.to_string().starts_with("exit status: 1"), "{error}");
    }

    #[test]
    fn an_example_that_does_not_end_is_killed() {
        let error = run_one(Path::new("yes"), Duration::from_millis(1)).expect_err("a failure");
        assert!(error.to_string().starts_with("has not ended"), "{error}");
    }
}
