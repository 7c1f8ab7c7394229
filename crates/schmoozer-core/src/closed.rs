use std::error::Error;
use std::fmt;
use std::io;

/// The error of a handler that has read the end of the stream: "closed by the peer".
///
/// A connection that the peer closes is a lost connection, so a handler returns `Err(closed())` and the loop
/// connects again. With an error type of your own that converts from `io::Error`, write `Err(closed())?`.
///
/// The kind is [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) and the payload is [`Closed`].
///
/// # Examples
///
/// ```
/// use schmoozer_core::{Closed, closed};
///
/// let error = closed();
/// assert_eq!(error.to_string(), "closed by the peer");
/// assert!(error.get_ref().is_some_and(|payload| payload.is::<Closed>()));
/// ```
#[must_use]
pub fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, Closed)
}

/// The peer closed the connection: the payload of the error that [`closed`] returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed by the peer")
    }
}

impl Error for Closed {}
