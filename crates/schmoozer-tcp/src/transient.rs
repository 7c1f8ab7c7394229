//! Which errors usually pass by themselves.

use std::io::{self, ErrorKind};
use std::net::IpAddr;

use crate::DialError;

/// "Address family not supported", which `std` gives no kind of its own.
#[cfg(unix)]
use libc::EAFNOSUPPORT;
#[cfg(not(unix))]
const EAFNOSUPPORT: i32 = 10_047;

/// Tells whether the cause of `error` usually passes by itself: a helper for predicates of
/// [`retry_if`](crate::TcpConnector::retry_if).
///
/// Nothing goes by it unless you ask it. A program that keeps a connection does worse by stopping than by trying
/// again with growing delays, and each "usually not" below has passed by itself in some network: a cgroup's filter that
/// forbids connecting while a service has no backend, an address that DHCP or a VPN brings a second later, a
/// name that at first has addresses of the missing family alone. Use it where a person will look at a program that stopped.
///
/// | error | seen as (numbers are Linux's) | passes | why |
/// | --- | --- | --- | --- |
/// | refused | `ConnectionRefused` (111) | yes | the server is down or restarting |
/// | reset, aborted, broken pipe, closed by the peer | `ConnectionReset` (104), `ConnectionAborted` (103), `BrokenPipe` (32), `UnexpectedEof` | yes | the peer went away |
/// | timed out, by us or by the kernel | `TimedOut` (110) | yes | loss, a black hole |
/// | no route | `NetworkUnreachable` (101), `HostUnreachable` (113), `NetworkDown` (100) | yes | roaming, waking up, a cable |
/// | name not resolved | whatever the resolver says | yes | DNS is down or not up yet |
/// | out of descriptors or memory | 24, 23, 105, `OutOfMemory` | yes | it passes; giving up makes it permanent |
/// | no local port | `AddrNotAvailable` (99), `AddrInUse` (98) | yes | ports come back |
/// | interrupted, would block | `Interrupted`, `WouldBlock` | yes | never final |
/// | local address not ours | `AddrNotAvailable` (99), `InvalidInput` (22) in binding to [`local_addr`](crate::Dialer::local_addr), or because that is a loopback address | usually not | configuration |
/// | not permitted | `PermissionDenied` (1, 13) | usually not | a firewall's policy or missing privileges |
/// | a route that discards, a link-local address without its zone | 22, which is `InvalidInput` | yes | routes and answers change |
/// | malformed target | `InvalidInput` without a number, as [`InvalidTarget`](crate::InvalidTarget) is | no | configuration |
/// | unsupported | `Unsupported`, 97; in a dial on every address | usually not | there is no such family or option here |
/// | anything else | | yes | as said above |
///
/// Two rows depend on what was being done: a failed lookup passes whatever its kind, and
/// error 99 means two things. A [`DialError`] knows, and so does an [`io::Error`] that has one in it;
/// any other `io::Error` is taken as one of a connection, without a local address. Error 98 means one
/// thing only, because a dialer leaves the local port to the system.
///
/// ```
/// use std::io::{Error, ErrorKind};
/// use schmoozer_tcp::is_transient;
///
/// assert!(is_transient(&Error::from(ErrorKind::NetworkUnreachable)));
/// assert!(!is_transient(&Error::from(ErrorKind::PermissionDenied)));
/// ```
#[must_use]
pub fn is_transient(error: &io::Error) -> bool {
    match DialError::find_in(error) {
        Some(dial) => dial.is_transient(),
        None => Phase::Connect.is_transient(error),
    }
}

/// What was being done when an error came up; errors of one number differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Resolving the name.
    Lookup,
    /// Resolving the name, which has no address.
    NoAddress,
    /// Binding the socket to the local address.
    Bind,
    /// Setting this option.
    Option(&'static str),
    /// Making the socket, connecting it.
    Connect,
}

impl Phase {
    /// Returns what an error of `connect` is about.
    ///
    /// From a loopback address no other host is reached, and no system says so before: Linux answers EINVAL, and the
    /// BSDs and macOS EADDRNOTAVAIL, which on Linux is a lack of ports.
    pub(crate) fn of_connect(local: Option<IpAddr>, kind: ErrorKind) -> Self {
        let linux = cfg!(any(target_os = "android", target_os = "linux"));
        let is_of_local =
            kind == ErrorKind::InvalidInput || (kind == ErrorKind::AddrNotAvailable && !linux);
        match local {
            Some(local) if is_of_local && local.is_loopback() => Self::Bind,
            _ => Self::Connect,
        }
    }

    pub(crate) fn is_transient(self, error: &io::Error) -> bool {
        use ErrorKind::{AddrNotAvailable, InvalidInput, PermissionDenied, Unsupported};
        match (self, error.kind()) {
            (Self::Lookup | Self::NoAddress, _) => true,
            (Self::Bind, AddrNotAvailable | InvalidInput) | (_, PermissionDenied | Unsupported) => {
                false
            }
            // The system's own says nothing about the target: Linux answers so to a `blackhole` route.
            (_, InvalidInput) => error.raw_os_error().is_some(),
            _ => error.raw_os_error() != Some(EAFNOSUPPORT),
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(any(target_os = "linux", windows))]
    use socket2::{Domain, Socket, Type};

    use super::*;

    fn transient(phase: Phase, kind: ErrorKind) -> bool {
        phase.is_transient(&io::Error::from(kind))
    }

    #[test]
    fn a_server_that_is_down_is_transient() {
        assert!(transient(Phase::Connect, ErrorKind::ConnectionRefused));
    }

    #[test]
    fn a_peer_that_went_away_is_transient() {
        for kind in [
            ErrorKind::ConnectionReset,
            ErrorKind::ConnectionAborted,
            ErrorKind::BrokenPipe,
            ErrorKind::UnexpectedEof,
        ] {
            assert!(is_transient(&kind.into()), "{kind:?}");
        }
    }

    #[test]
    fn a_timeout_is_transient() {
        assert!(is_transient(&ErrorKind::TimedOut.into()));
    }

    #[test]
    fn a_missing_route_is_transient() {
        for kind in [
            ErrorKind::NetworkUnreachable,
            ErrorKind::HostUnreachable,
            ErrorKind::NetworkDown,
        ] {
            assert!(is_transient(&kind.into()), "{kind:?}");
        }
    }

    #[test]
    fn a_name_that_does_not_resolve_is_transient_whatever_its_kind() {
        for kind in [
            ErrorKind::Other,
            ErrorKind::NotFound,
            ErrorKind::PermissionDenied,
            ErrorKind::InvalidInput,
        ] {
            assert!(transient(Phase::Lookup, kind), "{kind:?}");
        }
    }

    #[test]
    fn being_out_of_memory_is_transient() {
        assert!(is_transient(&ErrorKind::OutOfMemory.into()));
    }

    #[test]
    fn having_no_local_port_is_transient() {
        assert!(is_transient(&ErrorKind::AddrNotAvailable.into()));
        assert!(transient(Phase::Bind, ErrorKind::AddrInUse));
    }

    #[test]
    fn an_interruption_is_transient() {
        assert!(is_transient(&ErrorKind::Interrupted.into()));
        assert!(is_transient(&ErrorKind::WouldBlock.into()));
    }

    #[test]
    fn a_local_address_that_is_not_ours_is_final() {
        assert!(!transient(Phase::Bind, ErrorKind::AddrNotAvailable));
        // A link-local one without its interface.
        #[cfg(target_os = "linux")]
        assert!(!Phase::Bind.is_transient(&io::Error::from_raw_os_error(22)));
    }

    #[test]
    fn a_connect_from_a_loopback_address_that_leads_nowhere_is_an_error_of_that_address() {
        let linux = cfg!(any(target_os = "android", target_os = "linux"));
        let no_port = if linux { Phase::Connect } else { Phase::Bind };
        let [here, there] = [[127, 0, 0, 1], [192, 0, 2, 1]].map(|ip| Some(IpAddr::from(ip)));
        for (local, kind, phase) in [
            (here, ErrorKind::InvalidInput, Phase::Bind),
            (here, ErrorKind::AddrNotAvailable, no_port),
            (here, ErrorKind::ConnectionRefused, Phase::Connect),
            (there, ErrorKind::InvalidInput, Phase::Connect),
            (None, ErrorKind::AddrNotAvailable, Phase::Connect),
        ] {
            assert_eq!(Phase::of_connect(local, kind), phase, "{local:?} {kind:?}");
        }
    }

    #[test]
    fn a_missing_permission_is_final() {
        assert!(!is_transient(&ErrorKind::PermissionDenied.into()));
        assert!(!transient(Phase::Bind, ErrorKind::PermissionDenied));
    }

    #[test]
    fn a_malformed_target_is_final() {
        let refused = crate::Dialer::new("no port").expect_err("the port is missing");
        assert!(!is_transient(&refused.into()));
        assert!(!is_transient(&ErrorKind::InvalidInput.into()));
    }

    #[test]
    fn an_unsupported_family_is_final() {
        assert!(!is_transient(&ErrorKind::Unsupported.into()));
        assert!(!is_transient(&io::Error::from_raw_os_error(EAFNOSUPPORT)));
    }

    #[cfg(any(target_os = "linux", windows))]
    #[test]
    fn the_number_of_an_unsupported_family_is_the_systems() {
        let made = Socket::new(Domain::from(200), Type::STREAM, None);
        let error = made.expect_err("there is no such family");
        assert_eq!(error.raw_os_error(), Some(EAFNOSUPPORT));
    }

    #[test]
    fn anything_else_is_transient() {
        assert!(is_transient(&io::Error::other("something else")));
        assert!(is_transient(&ErrorKind::InvalidData.into()));
        assert!(is_transient(&ErrorKind::AddrInUse.into()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_numbers_that_linux_gives_fall_in_their_rows() {
        for (number, expected) in [
            (111, true),
            (104, true),
            (103, true),
            (32, true),
            (110, true),
            (101, true),
            (113, true),
            (100, true),
            (24, true),
            (23, true),
            (105, true),
            (12, true),
            (99, true),
            (98, true),
            (4, true),
            (11, true),
            (19, true),
            (22, true),
            (1, false),
            (13, false),
            (97, false),
        ] {
            assert_eq!(
                is_transient(&io::Error::from_raw_os_error(number)),
                expected,
                "errno {number}"
            );
        }
        let not_ours = io::Error::from_raw_os_error(99);
        let no_port = io::Error::from_raw_os_error(98);
        assert!(!Phase::Bind.is_transient(&not_ours) && Phase::Bind.is_transient(&no_port));
    }

    /// Those of Winsock.
    #[cfg(windows)]
    #[test]
    fn the_numbers_that_windows_gives_fall_in_their_rows() {
        use ErrorKind::{
            AddrInUse, AddrNotAvailable, ConnectionAborted, ConnectionRefused, ConnectionReset,
            HostUnreachable, InvalidInput, NetworkDown, NetworkUnreachable, PermissionDenied,
            TimedOut, WouldBlock,
        };
        for (number, kind, expected) in [
            (10_061, Some(ConnectionRefused), true),
            (10_054, Some(ConnectionReset), true),
            (10_053, Some(ConnectionAborted), true),
            (10_060, Some(TimedOut), true),
            (121, Some(TimedOut), true),
            (10_051, Some(NetworkUnreachable), true),
            (10_065, Some(HostUnreachable), true),
            (10_050, Some(NetworkDown), true),
            (10_049, Some(AddrNotAvailable), true),
            (10_048, Some(AddrInUse), true),
            (10_035, Some(WouldBlock), true),
            (10_022, Some(InvalidInput), true),
            (10_013, Some(PermissionDenied), false),
            // What std has no kind for: no descriptors, no buffers, a name server that failed, no such family.
            (10_024, None, true),
            (10_055, None, true),
            (11_002, None, true),
            (10_047, None, false),
        ] {
            let error = io::Error::from_raw_os_error(number);
            assert!(kind.is_none_or(|kind| error.kind() == kind), "{error:?}");
            assert_eq!(is_transient(&error), expected, "{error:?}");
        }
        let not_ours = io::Error::from_raw_os_error(10_049);
        assert!(!Phase::Bind.is_transient(&not_ours));
    }
}
