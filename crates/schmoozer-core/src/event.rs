use std::fmt::{self, Display};
use std::time::Duration;

use crate::duration::Spoken;
use crate::{End, Outage, Stopped};

/// A step in the life of a connection, as an [`Observer`](crate::Observer) receives it.
///
/// `attempt` counts the attempts of the current outage, from 1. `id` is the connection's
/// [`Session::id`](crate::Session::id).
///
/// In the order in which they can come:
///
/// | after | comes |
/// |---|---|
/// | the start, `Waiting`, `Ending`, `Reconnecting`, `Failed` | `Connecting` |
/// | `Connecting` | `Connected` or `Failed`; `Waiting` or `Connecting` again when a request ends the attempt |
/// | `Connected` | `Ready`, once at most, then `Stable`, once at most |
/// | `Connected`, `Ready`, `Stable` | `Failed`, `Ending` or `Reconnecting` |
/// | `Ending` | `Waiting`; in its grace `Stable`, `Reconnecting`, or `Ending` again when a shutdown cuts a renewal short |
/// | `Failed`, `Reconnecting` | `Waiting`, unless the next attempt starts at once |
/// | any of them | `Stopped`, once, as the last |
///
/// When a [`Pacer`](crate::Pacer) holds the attempt, a wait may be the first of all, or be followed by another one. With
/// [`Runner::starting_with`](crate::Runner::starting_with), `Connected` is the first. After a panic there is no
/// `Stopped`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// `connect` is about to be called.
    Connecting {
        /// Which attempt this is.
        attempt: u32,
    },
    /// A connection is up, and `run` is about to be called.
    Connected {
        /// The connection.
        id: u64,
    },
    /// The application can use the connection.
    Ready {
        /// The connection.
        id: u64,
    },
    /// The connection has been ready for [`stable_after`](crate::Lifecycle::stable_after).
    Stable {
        /// The connection.
        id: u64,
        /// The outage that this ends, if there was one.
        outage: Option<&'a Outage>,
    },
    /// `connect` failed, or the connection was lost.
    Failed {
        /// Why, in one clean line of at most 1 KiB. Empty where no observer and no handle reads it.
        cause: &'a str,
        /// Which attempt failed. 1 begins an outage.
        attempt: u32,
        /// How long the connection was up; `None` when `connect` failed.
        uptime: Option<Duration>,
        /// The outage so far.
        outage: &'a Outage,
    },
    /// The next attempt starts after `delay`.
    Waiting {
        /// How long the loop waits, unless a request cuts it short.
        delay: Duration,
        /// The number of the attempt to come.
        attempt: u32,
    },
    /// The connection ends as planned: its handler was told to stop, or has said that it is done.
    Ending {
        /// The connection.
        id: u64,
        /// Whether another connection follows.
        end: End,
    },
    /// The connection was dropped on request, for a new one.
    Reconnecting {
        /// The connection.
        id: u64,
    },
    /// The loop has ended, or its future was dropped.
    Stopped {
        /// Why, and with which error.
        stopped: &'a Stopped,
    },
}

impl Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Connecting { attempt } => write!(f, "connecting, attempt {attempt}"),
            Self::Connected { .. } => f.write_str("connected"),
            Self::Ready { .. } => f.write_str("ready"),
            Self::Stable { outage, .. } => match outage {
                Some(outage) => write!(f, "stable, outage over: {outage}"),
                None => f.write_str("stable"),
            },
            Self::Failed { cause, uptime, .. } => match uptime {
                Some(uptime) => write!(f, "connection lost after {}: {cause}", Spoken(uptime)),
                None => write!(f, "connect failed: {cause}"),
            },
            Self::Waiting { delay, attempt } => {
                write!(f, "attempt {attempt} in {}", Spoken(delay))
            }
            Self::Ending { end, .. } => f.write_str(match end {
                End::Renew => "ending, to be renewed",
                End::Exit => "ending",
            }),
            Self::Reconnecting { .. } => f.write_str("reconnecting on request"),
            Self::Stopped { stopped } => stopped.fmt(f),
        }
    }
}
