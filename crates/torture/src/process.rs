use std::fs;
use std::io;
use std::path::Path;

use rlimit::{Resource, getrlimit, setrlimit};

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
    let status = fs::read_to_string("/proc/self/status")?;
    let kib = status.lines().find_map(|line| {
        let size = line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB")?;
        size.trim().parse::<u64>().ok()
    });
    kib.map(|kib| kib * 1024)
        .ok_or_else(|| io::Error::other("/proc/self/status has no VmRSS"))
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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::scratch::Scratch;

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

    #[test]
    fn what_is_there_already_needs_no_raising() {
        let before = getrlimit(Resource::NOFILE).unwrap();
        allow_descriptors(16).unwrap();
        assert_eq!(getrlimit(Resource::NOFILE).unwrap(), before);
    }
}
