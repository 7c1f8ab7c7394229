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
pub struct InvalidTarget(String);

impl InvalidTarget {
    /// The text that a reason quotes has passed the checks for secrets.
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

pub(crate) const NO_HOST: &str = "the host is missing, expected host:port";
pub(crate) const BRACKETS: &str =
    "brackets go around an IPv6 address and around nothing else: [::1]:5432";

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
        let error = io::Error::from(InvalidTarget::new("no target was given"));
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(error.to_string(), "malformed target: no target was given");
    }
}
