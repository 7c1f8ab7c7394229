use std::error::Error;
use std::fmt;

/// Why a loop has ended, and with which error. The same value is in the status, the last event and a handle's
/// answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// What ended the loop.
    pub why: Why,
    /// The error that it ended with. After a shutdown: what the handler returned when it was told to stop, or the
    /// last failure of the outage that the shutdown came in.
    pub cause: Option<String>,
}

/// What ended a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Why {
    /// The connector said so: a handler returned `Ok(End::Exit)`, or a method `Exit(Ok(()))`.
    Exit,
    /// It was told to, by [`Runner::shutdown`](crate::Runner::shutdown) or a handle.
    Shutdown,
    /// The delay policy ended, or its time to give up came.
    GaveUp,
    /// An error was final: a method returned `Exit(Err(..))`, or `retry_if` refused to retry.
    Final,
    /// Its future was dropped, or panicked.
    Dropped,
}

impl Stopped {
    pub(crate) const fn new(why: Why, cause: Option<String>) -> Self {
        Self { why, cause }
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.why {
            Why::Exit => "ended by the connector",
            Why::Shutdown => "shut down",
            Why::GaveUp => "gave up",
            Why::Final => "ended by a final error",
            Why::Dropped => "dropped",
        })?;
        match &self.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl Error for Stopped {}

/// Why [`Handle::connected_or_fail`](crate::Handle::connected_or_fail) has no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotConnected {
    /// The failures that it waits through were used up.
    Failed {
        /// The limit that was given, at least 1.
        failures: u32,
        /// The error of the last failure.
        cause: String,
    },
    /// The loop has ended.
    Stopped(Stopped),
}

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { failures, cause } => {
                let s = if *failures == 1 { "" } else { "s" };
                write!(
                    f,
                    "not connected after {failures} failure{s}, the last: {cause}"
                )
            }
            Self::Stopped(stopped) => write!(f, "not connected: {stopped}"),
        }
    }
}

impl Error for NotConnected {}
