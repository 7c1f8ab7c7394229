//! Which of the two internets to use.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use crate::InvalidConfig;

/// Chooses the address families that a dialer connects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Family {
    /// Both, in turn, beginning with what the resolver prefers.
    #[default]
    Any,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

impl Family {
    /// Says of which protocol alone something is: ` of IPv4`, or nothing.
    pub(crate) fn of_protocol(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::V4 => " of IPv4",
            Self::V6 => " of IPv6",
        }
    }

    /// Tells whether `addr` is of this family. An IPv4-mapped IPv6 address is connected to over IPv4, and is of that.
    pub(crate) fn has(self, addr: SocketAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => addr.ip().to_canonical().is_ipv4(),
            Self::V6 => addr.ip().to_canonical().is_ipv6(),
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "any",
            Self::V4 => "v4",
            Self::V6 => "v6",
        })
    }
}

/// Reads what `Display` writes: `any`, `v4` or `v6`.
impl FromStr for Family {
    type Err = InvalidConfig;

    fn from_str(word: &str) -> Result<Self, InvalidConfig> {
        InvalidConfig::one_of("family", word, &[Self::Any, Self::V4, Self::V6])
    }
}
