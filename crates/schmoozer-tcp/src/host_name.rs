//! What may stand for a host.

use std::net::Ipv6Addr;

use crate::InvalidTarget;
use crate::invalid_target::{BRACKETS, NO_HOST};

/// The longest host name that DNS can carry in text, in bytes (RFC 1035 §2.3.4, less its framing).
const LONGEST_NAME: usize = 253;

/// Refuses what may hold a secret before any other check can quote it.
pub(crate) fn refuse_secrets(text: &str) -> Result<(), InvalidTarget> {
    if text.contains('@') {
        return Err(InvalidTarget::new(
            "user information is not part of an address, give host:port alone",
        ));
    }
    if text.contains(['/', '?', '#', '\\']) {
        return Err(InvalidTarget::new(
            "a URL or a path is not an address, give host:port alone",
        ));
    }
    let odd = |c: char| !(c.is_ascii_alphanumeric() || ".-_:[]%".contains(c));
    // `%40` decodes to an `@`. Elsewhere a `%` only begins the zone of an IPv6 address.
    let encoded = text.split_once('%').is_some_and(|(before, after)| {
        let host = before.strip_prefix('[').unwrap_or(before);
        host.parse::<Ipv6Addr>().is_err() || after.contains('%')
    });
    match text.chars().find(|&c| odd(c) || (c == '%' && encoded)) {
        None => Ok(()),
        Some(c) => {
            let why = format!("{c:?} cannot be part of a host name or a port");
            Err(InvalidTarget::new(why))
        }
    }
}

/// Refuses what no resolver could turn into an address.
pub(crate) fn check_name(host: &str) -> Result<(), InvalidTarget> {
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_a_name = if let Some((ip, zone)) = host.split_once('%') {
        let is_a_zone = !zone.is_empty() && !zone.contains(['%', ':', '[', ']']);
        ip.parse::<Ipv6Addr>().is_ok() && is_a_zone
    } else if name.is_empty() {
        return Err(InvalidTarget::new(NO_HOST));
    } else if host.contains([':', '[', ']']) {
        return Err(InvalidTarget::new(BRACKETS));
    } else {
        let mut labels = name.rsplit('.');
        // A last label in digits alone is an IPv4 address gone wrong: no top-level domain is a number.
        let is_a_number = |label: &str| label.bytes().all(|b| b.is_ascii_digit());
        name.len() <= LONGEST_NAME
            && !labels.clone().next().is_some_and(is_a_number)
            && labels.all(|label| (1..=63).contains(&label.len()))
    };
    if is_a_name {
        Ok(())
    } else {
        Err(InvalidTarget::new(format!(
            "{:?} is neither a host name nor an address",
            shown(host)
        )))
    }
}

/// Quotes at most 80 characters of text that has passed [`refuse_secrets`].
pub(crate) fn shown(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Target;

    #[test]
    fn a_name_is_bounded_and_so_is_its_refusal() {
        let label = "a".repeat(63);
        let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
        assert_eq!(longest.len(), LONGEST_NAME);
        assert!(Target::try_from((longest.as_str(), 80)).is_ok());
        assert!(Target::try_from((format!("{longest}a"), 80)).is_err());
        assert!(Target::try_from((format!("{label}a.example"), 80)).is_err());
        let error = "a."
            .repeat(1_000_000)
            .parse::<Target>()
            .expect_err("no port, and far too long");
        assert!(error.to_string().len() < 200);
    }
}
