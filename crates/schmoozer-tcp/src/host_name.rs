//! What may stand for a host.

use std::net::Ipv6Addr;

use crate::InvalidTarget;
use crate::invalid_target::{BRACKETS, NO_HOST};

/// The longest host name that DNS can carry in text, in bytes (RFC 1035 §2.3.4, less its framing).
const LONGEST_NAME: usize = 253;

/// Refuses what may hold a secret before any other check can quote it.
pub(crate) fn refuse_secrets(text: &str) -> Result<(), InvalidTarget> {
    let odd = |c: char| !(c.is_ascii_alphanumeric() || ".-_:[]%".contains(c));
    // `%40` decodes to an `@`.
    let encoded = text
        .split_once('%')
        .is_some_and(|(host, after)| !has_zone(host) || after.contains('%'));
    let why = if text.contains('@') {
        "user information is not part of an address, give host:port alone".to_owned()
    } else if text.contains(['/', '?', '#', '\\']) {
        "a URL or a path is not an address, give host:port alone".to_owned()
    } else if let Some(c) = text.chars().find(|&c| odd(c) || (c == '%' && encoded)) {
        format!("{c:?} cannot be part of a host name or a port")
    } else {
        return Ok(());
    };
    Err(InvalidTarget::new(why))
}

/// Tells whether a `%` after this begins a zone, as it does after an IPv6 address alone.
pub(crate) fn has_zone(host: &str) -> bool {
    let ip = host.strip_prefix('[').unwrap_or(host);
    ip.parse::<Ipv6Addr>().is_ok()
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
        return Ok(());
    }
    let why = format!("{:?} is neither a host name nor an address", shown(host));
    Err(InvalidTarget::new(why))
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
