//! Why a target was refused.

use std::convert::Infallible;
use std::io;

/// Says what is malformed about a target that was refused.
///
/// The message quotes the target only where it cannot hold a secret.
///
/// # Examples
///
/// ```
/// use schmoozer_tcp::Target;
///
/// let refused = "db.example.com".parse::<Target>().map_err(|error| error.to_string());
/// let why = "the port is missing after \"db.example.com\", expected host:port";
/// assert_eq!(refused, Err(format!("malformed target: {why}")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("malformed target: {0}")]
pub struct InvalidTarget(Reason);

impl InvalidTarget {
    pub(crate) const fn new(reason: Reason) -> Self {
        Self(reason)
    }
}

/// The text that the variants quote has passed the checks for secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reason {
    #[error("no target was given")]
    NoneGiven,
    #[error("user information is not part of an address, give host:port alone")]
    Credentials,
    #[error("a URL or a path is not an address, give host:port alone")]
    Url,
    #[error("{0:?} cannot be part of a host name or a port")]
    Character(char),
    #[error("the host is missing, expected host:port")]
    NoHost,
    #[error("the port is missing after {0:?}, expected host:port")]
    NoPort(String),
    #[error("the port of {0:?} is not a number from 1 to 65535")]
    Port(String),
    #[error("brackets go around an IPv6 address and around nothing else: [::1]:5432")]
    Brackets,
    #[error("{0:?} is neither a host name nor an address")]
    NotAName(String),
}

impl From<Infallible> for InvalidTarget {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl From<InvalidTarget> for io::Error {
    fn from(error: InvalidTarget) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_invalid_input_as_an_io_error() {
        let error = io::Error::from(InvalidTarget::new(Reason::NoneGiven));
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(error.to_string(), "malformed target: no target was given");
    }
}
