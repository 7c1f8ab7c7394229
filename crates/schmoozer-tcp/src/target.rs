//! What to dial: a host and a port, checked once, when the dialer is built.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use crate::InvalidTarget;
use crate::host_name::{check_name, refuse_secrets, shown};
use crate::invalid_target::{BRACKETS, NO_HOST};

/// Names one endpoint: a host name or a literal address, and a port.
///
/// A target is checked when it is made, so that a typo is refused once instead of being retried for
/// ever. It never holds credentials: text with user information or in the form of a URL is refused,
/// so whatever prints a target prints no secret.
///
/// It is made from `"host:port"`, `("host", port)`, a [`SocketAddr`] or an address and a port:
///
/// ```
/// use schmoozer_tcp::Target;
///
/// let named: Target = "db.example.com:5432".parse()?;
/// let literal = Target::try_from("[2001:db8::1]:5432")?;
/// assert_eq!(named.host(), "db.example.com");
/// assert_eq!(literal.to_string(), "[2001:db8::1]:5432");
/// assert!(Target::try_from("db.example.com").is_err());
/// # Ok::<(), schmoozer_tcp::InvalidTarget>(())
/// ```
///
/// Host names are ASCII (an internationalised name goes in as punycode), at most 253 bytes, in
/// letters, digits, `-`, `_` and dots. An IPv6 address may carry a zone: `[fe80::1%eth0]:80`. Without
/// one, a link-local address needs the dialer's `interface`, or every dial fails and is retried.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Target {
    host: Arc<str>,
    port: u16,
    literal: Option<SocketAddr>,
}

impl Target {
    /// Returns the host name, or the literal address with its zone, without brackets and port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port, which is never 0.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the address when the target is literal, so that nothing needs to be resolved.
    #[must_use]
    pub fn literal(&self) -> Option<SocketAddr> {
        self.literal
    }

    fn parts(host: &str, port: u16) -> Result<Self, InvalidTarget> {
        refuse_secrets(host)?;
        let host = match host.strip_prefix('[').map(|host| host.strip_suffix(']')) {
            None => host,
            Some(Some(host)) if host.contains(':') => host,
            Some(_) => return Err(InvalidTarget::new(BRACKETS)),
        };
        let ip = host.parse().map(|ip: IpAddr| SocketAddr::new(ip, port));
        // A zone by its number is that of a socket address, not of an IP address.
        if let Ok(addr) = ip.or_else(|_| format!("[{host}]:{port}").parse()) {
            return Self::at(addr);
        }
        check_name(host)?;
        Self::new(host, port, None)
    }

    fn at(addr: SocketAddr) -> Result<Self, InvalidTarget> {
        let text = addr.to_string();
        let (host, _) = text.rsplit_once(':').unwrap_or_default();
        Self::new(host.trim_matches(['[', ']']), addr.port(), Some(addr))
    }

    fn new(host: &str, port: u16, literal: Option<SocketAddr>) -> Result<Self, InvalidTarget> {
        if port == 0 {
            let host = shown(host);
            let why = format!("the port of {host:?} is not a number from 1 to 65535");
            return Err(InvalidTarget::new(why));
        }
        let host = host.into();
        Ok(Self {
            host,
            port,
            literal,
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, .. } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        refuse_secrets(text)?;
        let (host, port) = match text.rsplit_once(':') {
            Some(parts) if !text.ends_with(']') => parts,
            _ if text.is_empty() => return Err(InvalidTarget::new(NO_HOST)),
            _ => {
                let text = shown(text);
                let why = format!("the port is missing after {text:?}, expected host:port");
                return Err(InvalidTarget::new(why));
            }
        };
        if host.contains(':') && !host.starts_with('[') {
            return Err(InvalidTarget::new(BRACKETS));
        }
        // What is no port is refused as port 0 is.
        Self::parts(host, port.parse().unwrap_or(0))
    }
}

macro_rules! target_from {
    ($($from:ty, $value:pat => $target:expr;)*) => {$(
        impl TryFrom<$from> for Target {
            type Error = InvalidTarget;

            fn try_from($value: $from) -> Result<Self, InvalidTarget> {
                $target
            }
        }
    )*};
}

target_from! {
    &str, text => text.parse();
    &String, text => text.parse();
    String, text => text.parse();
    (&str, u16), (host, port) => Self::parts(host, port);
    (String, u16), (host, port) => Self::parts(&host, port);
    (IpAddr, u16), addr => Self::at(addr.into());
    SocketAddr, addr => Self::at(addr);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        match text.parse::<Target>() {
            Ok(target) => panic!("{text:?} was taken as {target}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_target_prints_as_it_was_given() {
        for text in [
            "db.example.com:5432",
            "localhost:1",
            "my_service:80",
            "example.com.:443",
            "192.0.2.1:65535",
            "[::1]:80",
            "[fe80::1%eth0]:80",
            "1.example:9",
        ] {
            assert_eq!(
                text.parse::<Target>()
                    .map(|target| target.to_string())
                    .as_deref(),
                Ok(text)
            );
        }
    }

    #[test]
    fn a_target_is_debugged_as_it_prints() {
        let target = "db.example.com:5432".parse::<Target>();
        assert_eq!(format!("{target:?}"), "Ok(Target(db.example.com:5432))");
    }

    #[test]
    fn every_form_names_the_same_target() -> Result<(), InvalidTarget> {
        let literal = SocketAddr::from(([192, 0, 2, 1], 80));
        for target in [
            Target::try_from("192.0.2.1:80")?,
            Target::try_from(String::from("192.0.2.1:80"))?,
            Target::try_from(("192.0.2.1", 80))?,
            Target::try_from((literal.ip(), 80))?,
            Target::try_from(literal)?,
        ] {
            assert_eq!(target.literal(), Some(literal));
        }
        assert_eq!(
            Target::try_from(("[::1]", 80))?,
            Target::try_from(("::1", 80))?
        );
        let zoned = Target::try_from(("fe80::1%3", 80))?;
        assert_eq!(zoned, Target::try_from("[fe80::1%3]:80")?);
        assert_eq!(zoned.host(), "fe80::1%3");
        assert_eq!(Target::try_from("[fe80::1]:80")?.host(), "fe80::1");
        assert!(Target::try_from(("[db]", 80)).is_err());
        let named = Target::try_from(("db.example.com", 5432))?;
        assert_eq!(
            (named.host(), named.port(), named.literal()),
            ("db.example.com", 5432, None)
        );
        Ok(())
    }

    #[test]
    fn a_refusal_says_what_is_malformed() {
        for (text, message) in [
            ("", "the host is missing, expected host:port"),
            (":80", "the host is missing, expected host:port"),
            (".:80", "the host is missing, expected host:port"),
            (
                "db.example.com",
                "the port is missing after \"db.example.com\", expected host:port",
            ),
            (
                "[::1]",
                "the port is missing after \"[::1]\", expected host:port",
            ),
            (
                "db:http",
                "the port of \"db\" is not a number from 1 to 65535",
            ),
            ("db:", "the port of \"db\" is not a number from 1 to 65535"),
            ("db:0", "the port of \"db\" is not a number from 1 to 65535"),
            (
                "127.0.0.1:0",
                "the port of \"127.0.0.1\" is not a number from 1 to 65535",
            ),
            (
                "db:65536",
                "the port of \"db\" is not a number from 1 to 65535",
            ),
            (
                "::1:80:x",
                "brackets go around an IPv6 address and around nothing else: [::1]:5432",
            ),
            (
                "[db]:80",
                "brackets go around an IPv6 address and around nothing else: [::1]:5432",
            ),
            (
                "[::1:80",
                "brackets go around an IPv6 address and around nothing else: [::1]:5432",
            ),
            (
                "db example:80",
                "' ' cannot be part of a host name or a port",
            ),
            ("db:80\n", "'\\n' cannot be part of a host name or a port"),
            ("db:+80", "'+' cannot be part of a host name or a port"),
            (
                "bücher.example:80",
                "'ü' cannot be part of a host name or a port",
            ),
            (
                "256.1.1.1:80",
                "\"256.1.1.1\" is neither a host name nor an address",
            ),
            (
                "db..example:80",
                "\"db..example\" is neither a host name nor an address",
            ),
            (
                "[fe80::1%]:80",
                "\"fe80::1%\" is neither a host name nor an address",
            ),
            (
                "http://db.example.com:80",
                "a URL or a path is not an address, give host:port alone",
            ),
        ] {
            assert_eq!(
                refusal(text),
                format!("malformed target: {message}"),
                "{text:?}"
            );
        }
    }

    /// Row 35: a target with credentials is refused by a message without them.
    #[test]
    fn a_refusal_never_repeats_a_secret() {
        for text in [
            "user:hunter2@db.example.com:5432",
            "hunter2@db.example.com:5432",
            "redis://:hunter2@db.example.com:6379/0",
            "http://db.example.com:80/?token=hunter2",
            "user:hunter2:db.example.com:80",
        ] {
            let error = text.parse::<Target>().expect_err("credentials are refused");
            assert!(
                !format!("{error} {error:?}").contains("hunter2"),
                "{error:?}"
            );
        }
        let error = Target::try_from(("hunter2@db", 5432)).expect_err("credentials are refused");
        assert!(
            !format!("{error} {error:?}").contains("hunter2"),
            "{error:?}"
        );
    }
}
