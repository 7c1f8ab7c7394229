//! Names that this host knows by itself.

use std::net::IpAddr;
use std::path::PathBuf;
use std::{env, fs};

/// Returns the addresses of a name that is not to be asked for: those of the hosts file, or of loopback.
///
/// An address may have a zone, which only the system resolver can read.
pub(crate) fn local_addresses(name: &str) -> Vec<String> {
    // Read at every lookup, since it may change. One that cannot be read has no names.
    let file = fs::read(path()).unwrap_or_default();
    find(&String::from_utf8_lossy(&file), name)
}

fn path() -> PathBuf {
    if cfg!(windows) {
        let root = env::var_os("SystemRoot").unwrap_or_else(|| "C:\\Windows".into());
        PathBuf::from(root).join("System32\\drivers\\etc\\hosts")
    } else {
        "/etc/hosts".into()
    }
}

fn find(file: &str, name: &str) -> Vec<String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let mut found = Vec::new();
    for line in file.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let ip = words.next().unwrap_or_default();
        let (address, _zone) = ip.split_once('%').unwrap_or((ip, ""));
        if address.parse::<IpAddr>().is_ok() && words.any(|word| word.eq_ignore_ascii_case(name)) {
            found.push(ip.to_owned());
        }
    }
    // Never asked of a name server (RFC 6761 §6.3).
    let last = name.rsplit('.').next().unwrap_or_default();
    if found.is_empty() && last.eq_ignore_ascii_case("localhost") {
        found = ["::1", "127.0.0.1"].map(str::to_owned).into();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_file_has_all_its_addresses() {
        let file = "127.0.0.1 localhost\n\
                    10.0.0.1\tdb.example DB alias # 10.0.0.9 other\n\
                    fe80::1%lo zoned\n\
                    nonsense\n\
                    2001:db8::1 db.example\r\n";
        let found = |name| find(file, name);
        assert_eq!(found("db.example"), ["10.0.0.1", "2001:db8::1"]);
        assert_eq!(found("db.Example."), ["10.0.0.1", "2001:db8::1"]);
        assert_eq!(found("db"), ["10.0.0.1"]);
        assert_eq!(found("zoned"), ["fe80::1%lo"]);
        assert_eq!(found("localhost"), ["127.0.0.1"]);
        assert_eq!(found("other"), [""; 0]);
        assert_eq!(found("10.0.0.1"), [""; 0]);
    }

    #[test]
    fn localhost_needs_no_file() {
        for name in ["localhost", "LOCALHOST.", "db.localhost"] {
            assert_eq!(find("", name), ["::1", "127.0.0.1"]);
        }
        assert!(find("", "localhost.example").is_empty());
    }
}
