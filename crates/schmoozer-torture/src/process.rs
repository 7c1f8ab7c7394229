use std::fs;
use std::io;

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

/// The processes that `pid` has started, and that are there.
pub(crate) fn children_of(pid: u32) -> io::Result<Vec<u32>> {
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let child = entry?
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        // One that ends meanwhile is none of them.
        if let Some(child) = child.filter(|&child| parent_of(child) == Some(pid)) {
            children.push(child);
        }
    }
    Ok(children)
}

/// Whether the process is there, and has not ended.
pub(crate) fn is_there(pid: u32) -> bool {
    status(pid, "State:").is_some_and(|state| !state.starts_with(['Z', 'X']))
}

fn parent_of(pid: u32) -> Option<u32> {
    status(pid, "PPid:")?.parse().ok()
}

fn status(pid: u32, key: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix(key))?;
    Some(value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_there_until_it_ends() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let pid = child.id();
        assert!(children_of(std::process::id()).unwrap().contains(&pid));
        assert!(is_there(pid));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!is_there(pid));
        assert!(!children_of(std::process::id()).unwrap().contains(&pid));
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
