//! What may stand for a network interface.

use std::io::{self, ErrorKind};

/// The longest name of an interface, in bytes: Linux's `IFNAMSIZ`, less the zero byte at its end.
const LONGEST: usize = 15;

/// Refuses what cannot be the name of an interface, by the rules that Linux has for it.
///
/// An empty name would bind the socket to no interface, and the system would cut one at a zero byte.
pub(crate) fn check(name: &str) -> io::Result<()> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.len() > LONGEST {
        "it is longer than 15 bytes"
    } else if name == "." || name == ".." {
        "it is the name of a directory"
    } else if name.contains(|c: char| c.is_control() || c.is_whitespace() || "/:".contains(c)) {
        "it has a control character, a space, `/` or `:` in it"
    } else {
        return Ok(());
    };
    let shown: String = name.chars().take(LONGEST + 1).collect();
    let why = format!("{shown:?} is not the name of a network interface: {why}");
    Err(io::Error::new(ErrorKind::InvalidInput, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row 64: a name that the system would take for any interface, or for another one, is refused.
    #[test]
    fn what_cannot_be_an_interface_is_refused() {
        for (name, why) in [
            ("", "it is empty"),
            ("lo\0tun0", "it has a control character"),
            ("a name", "it has a control character"),
            ("eth0/1", "it has a control character"),
            ("abcdefghijklmnop", "it is longer than 15 bytes"),
            ("..", "it is the name of a directory"),
        ] {
            let error = check(name).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            let start = format!("{name:?} is not the name of a network interface: {why}");
            assert!(error.to_string().starts_with(&start), "{error}");
        }
        assert!(check(&"x".repeat(1_000_000)).is_err_and(|error| error.to_string().len() < 100));
        for name in ["lo", "eth0.100", "wg-mesh_1", "abcdefghijklmno"] {
            assert!(check(name).is_ok(), "{name}");
        }
    }
}
