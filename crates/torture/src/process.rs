use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Stdio;

use rlimit::{Resource, getrlimit, setrlimit};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::program::on_path;
use crate::server::{Scratch, dying_with_us};

/// Lets this process, and those that it starts, have `count` open descriptors.
///
/// # Errors
///
/// When the hard limit is lower, and cannot be raised.
pub fn allow_descriptors(count: u64) -> io::Result<()> {
    let (soft, hard) = getrlimit(Resource::NOFILE)?;
    if soft >= count {
        return Ok(());
    }
    setrlimit(Resource::NOFILE, count, hard.max(count)).map_err(|error| {
        let needed = format!(
            "{count} descriptors are needed, and the hard limit is {hard} (`ulimit -Hn`): {error}"
        );
        io::Error::new(error.kind(), needed)
    })
}

/// The memory of this process that is resident, in bytes.
pub(crate) fn resident() -> io::Result<u64> {
    status("VmRSS:").map(|kib| kib * 1024)
}

/// The threads of this process.
pub(crate) fn threads() -> io::Result<u64> {
    status("Threads:")
}

/// The number that `/proc` has for this process under a name.
fn status(name: &str) -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let number = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| io::Error::other(format!("/proc/self/status has no {name}")))
}

/// How many descriptors this process has open, the one that counts them among them.
pub(crate) fn descriptors() -> io::Result<usize> {
    Ok(fs::read_dir("/proc/self/fd")?.count())
}

/// Whether a process works in `directory` or below, whoever started it.
pub(crate) fn work_goes_on_in(directory: &Path) -> io::Result<bool> {
    for entry in fs::read_dir("/proc")? {
        // One that has ended works nowhere.
        let at_work = fs::read_link(entry?.path().join("cwd"));
        if at_work.is_ok_and(|place| place.starts_with(directory)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Has `command` read `input`, and waits for its end, which must be a success. Returns what it printed.
pub(crate) async fn succeeds(command: &mut Command, input: &str) -> io::Result<String> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).await?;
    }
    let output = child.wait_with_output().await?;
    let [printed, said] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    if output.status.success() {
        return Ok(printed.into_owned());
    }
    let command = command.as_std();
    Err(io::Error::other(format!(
        "{printed}{command:?}: {}\n{said}",
        output.status
    )))
}

/// Has this program run again in a network namespace, with a loopback interface, `/etc/resolv.conf` and `/etc/hosts` of
/// its own. Returns what it printed.
///
/// # Errors
///
/// [`Unsupported`](io::ErrorKind::Unsupported) where there can be no namespace; and when the program fails.
pub(crate) async fn again_inside(arguments: &[&str]) -> io::Result<String> {
    let unsupported = |why| io::Error::new(io::ErrorKind::Unsupported, why);
    for tool in ["ip", "nsenter", "setpriv", "unshare"] {
        on_path(tool).ok_or_else(|| unsupported(format!("{tool} is not here")))?;
    }
    let unshare = || {
        let mut command = dying_with_us(Path::new("unshare"), None);
        command.args(["--net", "--mount", "--"]);
        command
    };
    if let Err(why) = succeeds(unshare().arg("true"), "").await {
        return Err(unsupported(why.to_string()));
    }
    let scratch = Scratch::new()?;
    let resolvers = scratch.path().join("resolv.conf");
    fs::write(&resolvers, "")?;
    let mut command = unshare();
    let enter = "ip link set lo up && mount --bind \"$0\" /etc/resolv.conf && cp /etc/hosts \"$TMPDIR\" && \
                 mount --bind \"$TMPDIR/hosts\" /etc/hosts && exec \"$@\"";
    command.args(["sh", "-c", enter]).arg(resolvers);
    command.arg(env::current_exe()?).args(arguments);
    // Its directories go with ours, however it ends.
    command.env("TMPDIR", scratch.path());
    succeeds(&mut command, "").await
}

/// Runs a shell command.
pub(crate) async fn sh(command: &str) -> io::Result<String> {
    succeeds(Command::new("sh").args(["-c", command]), "").await
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn work_goes_on_until_the_last_process_ends_that_is_there() {
        let scratch = Scratch::new().unwrap();
        let below = scratch.path().canonicalize().unwrap().join("data");
        fs::create_dir(&below).unwrap();
        assert!(!work_goes_on_in(&below).unwrap());
        let mut sleep = Command::new("sleep");
        let mut child = sleep.arg("60").current_dir(&below).spawn().unwrap();
        assert!(work_goes_on_in(below.parent().unwrap()).unwrap());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!work_goes_on_in(&below).unwrap());
    }

    #[test]
    fn more_than_the_hard_limit_is_refused_in_words() {
        // More than the kernel lets anybody have.
        let error = allow_descriptors(u64::MAX / 2).expect_err("too many");
        let words = "descriptors are needed, and the hard limit is";
        assert!(error.to_string().contains(words), "{error}");
    }
}
