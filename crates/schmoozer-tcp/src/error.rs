//! What a dial that failed has to tell.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use crate::transient::Phase;
use crate::{Family, Target};

/// Says why a dial failed, with everything that was tried.
///
/// Its text is one line of at most [`DialError::LONGEST_MESSAGE`] bytes that says it all, as a log needs:
///
/// ```text
/// could not connect to db.example.com:5432: 192.0.2.1:5432 refused, [2001:db8::1]:5432 no route to host
/// ```
///
/// It converts into an [`io::Error`] of the fitting kind that carries it, so that code which speaks
/// `io::Error` alone loses nothing.
///
/// # Examples
///
/// ```
/// use schmoozer_tcp::{DialError, Dialer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// # // The listener is gone by then.
/// # let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
/// let Err(error) = Dialer::new(address)?.dial().await else {
///     return Ok(());
/// };
/// for step in error.tried() {
///     println!("{step} after {:?}", step.elapsed); // 127.0.0.1:7000 refused after 92µs
/// }
/// if let DialError::Resolve { target, .. } = &error {
///     println!("is {} spelt right?", target.host());
/// }
/// assert!(error.is_transient());
/// # assert_eq!(error.tried().len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// The name could not be resolved. Nothing was connected to.
    #[non_exhaustive]
    Resolve {
        /// The name.
        target: Target,
        /// What the resolver said. The text of the whole repeats it.
        source: io::Error,
    },
    /// The name resolved to no address at all, or to none of the dialer's family.
    #[non_exhaustive]
    NoAddress {
        /// The name.
        target: Target,
        /// The family that the dialer takes.
        family: Family,
    },
    /// The timeout of the whole dial passed.
    #[non_exhaustive]
    Timeout {
        /// The timeout.
        after: Duration,
        /// What was tried until then. What was still under way has an error of kind
        /// [`TimedOut`](ErrorKind::TimedOut).
        tried: Vec<Tried>,
    },
    /// Everything that there was to try has failed.
    #[non_exhaustive]
    AllFailed {
        /// What was tried, in the order in which it was begun.
        tried: Vec<Tried>,
    },
}

/// Records one step of a dial that failed: a connection attempt, or the lookup of a name.
#[derive(Debug)]
#[non_exhaustive]
pub struct Tried {
    /// The endpoint that the step was for.
    pub target: Target,
    /// The address that was connected to, or `None` where the lookup of the name failed.
    pub addr: Option<SocketAddr>,
    /// What went wrong.
    pub error: io::Error,
    /// How long the step took.
    pub elapsed: Duration,
    pub(crate) phase: Phase,
}

impl Tried {
    /// Tells whether what went wrong usually passes by itself, by the table at [`is_transient`](crate::is_transient()).
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.phase.is_transient(&self.error)
    }
}

impl DialError {
    /// The length in bytes that the text of a `DialError` does not exceed.
    pub const LONGEST_MESSAGE: usize = 512;

    /// Tells whether the cause usually passes by itself, by the table at [`is_transient`](crate::is_transient()).
    ///
    /// Where several addresses were tried, one that may go better is enough.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::AllFailed { tried } => tried.iter().any(Tried::is_transient),
            Self::Resolve { .. } | Self::NoAddress { .. } | Self::Timeout { .. } => true,
        }
    }

    /// Finds the first `DialError` in `error` and the errors behind it: its sources, and what an [`io::Error`] carries.
    ///
    /// ```
    /// use std::io;
    /// use schmoozer_tcp::{DialError, Dialer};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// async fn connect(address: &str) -> io::Result<tokio::net::TcpStream> {
    ///     Ok(Dialer::new(address)?.dial().await?)
    /// }
    ///
    /// # let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    /// # let address = address.as_str();
    /// if let Err(error) = connect(address).await {
    ///     if let Some(dial) = DialError::find_in(&error) {
    ///         println!("tried {} addresses", dial.tried().len());
    /// #       assert_eq!(dial.tried().len(), 1);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn find_in<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        // An `io::Error` names as its source that of what it carries, and so leaves that out.
        let carried = error.downcast_ref().and_then(io::Error::get_ref);
        let next = carried.map_or_else(|| error.source(), |carried| Some(carried));
        error.downcast_ref().or_else(|| Self::find_in(next?))
    }

    /// Returns what was tried, in the order in which it was begun.
    #[must_use]
    pub fn tried(&self) -> &[Tried] {
        match self {
            Self::Timeout { tried, .. } | Self::AllFailed { tried } => tried,
            Self::Resolve { .. } | Self::NoAddress { .. } => &[],
        }
    }

    /// Returns the kind of [`io::Error`] that this converts into.
    ///
    /// A timeout is [`TimedOut`](ErrorKind::TimedOut), a name without an address is
    /// [`NotFound`](ErrorKind::NotFound), a failed lookup has the resolver's kind. Among several
    /// failed attempts, a refusal or a reset by the peer says most, then a timeout, then the first.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Resolve { source, .. } => source.kind(),
            Self::NoAddress { .. } => ErrorKind::NotFound,
            Self::Timeout { .. } => ErrorKind::TimedOut,
            Self::AllFailed { tried } => tried
                .iter()
                .map(|tried| tried.error.kind())
                .min_by_key(|kind| match kind {
                    ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => 0,
                    ErrorKind::TimedOut => 1,
                    _ => 2,
                })
                .unwrap_or(ErrorKind::Other),
        }
    }
}

impl From<DialError> for io::Error {
    fn from(error: DialError) -> Self {
        Self::new(error.kind(), error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_failed(kinds: &[ErrorKind]) -> DialError {
        let step = |kind: &ErrorKind| Tried {
            target: "a.example:80".parse().expect("a good target"),
            addr: Some(SocketAddr::from(([192, 0, 2, 1], 80))),
            error: (*kind).into(),
            elapsed: Duration::ZERO,
            phase: Phase::Connect,
        };
        DialError::AllFailed {
            tried: kinds.iter().map(step).collect(),
        }
    }

    #[test]
    fn the_kind_is_that_of_the_error_that_says_most() {
        use ErrorKind::{
            ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable, TimedOut,
        };
        for (kinds, says_most) in [
            (
                &[NetworkUnreachable, TimedOut, ConnectionRefused][..],
                ConnectionRefused,
            ),
            (&[TimedOut, ConnectionReset], ConnectionReset),
            (&[NetworkUnreachable, TimedOut], TimedOut),
            (&[NetworkUnreachable, HostUnreachable], NetworkUnreachable),
        ] {
            assert_eq!(all_failed(kinds).kind(), says_most);
        }
    }

    #[test]
    fn one_address_that_may_go_better_is_enough() {
        use ErrorKind::{ConnectionRefused, PermissionDenied, Unsupported};
        assert!(all_failed(&[Unsupported, ConnectionRefused]).is_transient());
        assert!(!all_failed(&[Unsupported, PermissionDenied]).is_transient());
    }

    #[test]
    fn it_is_found_in_a_chain_of_errors() {
        #[derive(Debug, thiserror::Error)]
        #[error("the login failed")]
        struct Login(#[source] io::Error);

        let dial = || all_failed(&[ErrorKind::ConnectionRefused]);
        let found = |error: &(dyn Error + 'static)| {
            DialError::find_in(error).map(|dial| dial.tried().len())
        };
        assert_eq!(found(&dial()), Some(1));
        assert_eq!(found(&io::Error::from(dial())), Some(1));
        let login = Login(dial().into());
        assert_eq!(found(&login), Some(1));
        let deep = io::Error::other(io::Error::other(Login(dial().into())));
        assert_eq!(found(&deep), Some(1));
        let boxed: Box<dyn Error + Send + Sync> = Box::new(login);
        assert_eq!(found(&*boxed), Some(1));
        assert_eq!(found(&io::Error::other("nothing of the kind")), None);
        assert_eq!(found(&Login(ErrorKind::TimedOut.into())), None);
    }

    #[test]
    fn as_an_io_error_it_is_still_there_and_still_classified() {
        let error = io::Error::from(all_failed(&[ErrorKind::AddrNotAvailable]));
        assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
        assert_eq!(
            error.to_string(),
            "could not connect to a.example:80: 192.0.2.1:80 no local port left"
        );
        let carried = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<DialError>());
        assert_eq!(carried.map(|error| error.tried().len()), Some(1));
        assert!(!crate::is_transient(
            &all_failed(&[ErrorKind::Unsupported]).into()
        ));
    }
}
