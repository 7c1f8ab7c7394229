//! Runs a test once more, alone, in a process of its own that lives in other surroundings.

use std::env;
use std::future::Future;
use std::process::{Command, Stdio};

use tokio::runtime;

use crate::Result;

const ROLE: &str = "SCHMOOZER_TEST_ROLE";

/// Returns the role that this process was started in, or `None` in the one that the test began in.
pub(crate) fn role() -> Option<String> {
    env::var(ROLE).ok()
}

/// Makes the command that runs `test` again in `role`, behind `prefix`, which sets the surroundings up.
pub(crate) fn command(prefix: &[&str], test: &str, role: &str) -> Result<Command> {
    let (program, arguments) = prefix
        .split_first()
        .ok_or("a prefix has at least a program")?;
    let mut command = Command::new(program);
    command.args(arguments).arg(env::current_exe()?);
    let test = format!("machines::{test}");
    command.args([&test, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(ROLE, role).stdin(Stdio::piped());
    Ok(command)
}

/// Runs a command of [`command`] and fails if the test did, or if there is none of its name.
pub(crate) fn passes(mut command: Command) -> Result {
    let output = command.output()?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && stdout.contains("1 passed") {
        return Ok(());
    }
    Err(format!(
        "{command:?}: {}\n{stdout}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    )
    .into())
}

/// Runs the body of a test in the process that was started for it.
pub(crate) fn block_on<F: Future<Output = Result>>(body: impl FnOnce() -> F) -> Result {
    runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async { body().await })
}
