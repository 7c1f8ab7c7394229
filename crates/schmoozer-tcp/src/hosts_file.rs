//! Names that this host knows by itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::{env, fs};

/// Returns the addresses of a name that is not to be asked for: those of the hosts file, or of loopback.
pub(crate) fn local_addresses(name: &str) -> Vec<IpAddr> {
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

fn find(file: &str, name: &str) -> Vec<IpAddr> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let mut found = Vec::new();
    for line in file.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let Some(Ok(ip)) = words.next().map(str::parse) else {
            continue;
        };
        if words.any(|word| word.eq_ignore_ascii_case(name)) {
            found.push(ip);
        }
    }
    // Never asked of a name server (RFC 6761 §6.3).
    let last = name.rsplit('.').next().unwrap_or_default();
    if found.is_empty() && last.eq_ignore_ascii_case("localhost") {
        found = vec![Ipv6Addr::LOCALHOST.into(), Ipv4Addr::LOCALHOST.into()];
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
        let found = |name| -> Vec<String> {
            let found = find(file, name);
            found.iter().map(IpAddr::to_string).collect()
        };
        assert_eq!(found("db.example"), ["10.0.0.1", "2001:db8::1"]);
        assert_eq!(found("db.Example."), ["10.0.0.1", "2001:db8::1"]);
        assert_eq!(found("db"), ["10.0.0.1"]);
        assert_eq!(found("localhost"), ["127.0.0.1"]);
        assert_eq!(found("other"), [""; 0]);
        assert_eq!(found("10.0.0.1"), [""; 0]);
    }

    #[test]
    fn localhost_needs_no_file() {
        let loopback = [
            IpAddr::from(Ipv6Addr::LOCALHOST),
            Ipv4Addr::LOCALHOST.into(),
        ];
        for name in ["localhost", "LOCALHOST.", "db.localhost"] {
            assert_eq!(find("", name), loopback);
        }
        assert!(find("", "localhost.example").is_empty());
    }
}
