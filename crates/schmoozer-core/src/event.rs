use std::fmt::{self, Display};
use std::time::Duration;

use crate::Outage;

/// A transition of the loop, as an [`Observer`](crate::Observer) sees it.
///
/// `attempt` counts the calls of `connect` since the last connection that lasted, from 1.
///
/// In the order in which they can come:
///
/// | after | comes |
/// |---|---|
/// | the start, `Waiting`, `Reconnecting` | `Connecting` |
/// | `Connecting` | `Connected` or `Failed` |
/// | `Connected` | `Recovered` (at most once), then `Failed` or `Reconnecting` |
/// | `Failed` | `OutageBegan` if it is the first of its outage; then `Waiting` |
/// | any of them | `Stopped`, once, as the last |
///
/// A loop whose future is dropped, or that panics, ends without `Stopped`.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// `connect` is about to be called.
    Connecting {
        /// Which attempt this is.
        attempt: u32,
    },
    /// `connect` established a connection, and `run` is about to be called.
    Connected {
        /// Which attempt it was.
        attempt: u32,
        /// How long `connect` took.
        elapsed: Duration,
    },
    /// The connection has lasted, or was marked as good: the outage before it is over.
    Recovered {
        /// All of that outage.
        outage: &'a Outage,
    },
    /// `connect` failed, or the connection was lost.
    Failed {
        /// Why.
        cause: &'a dyn Display,
        /// Which attempt it was; 0 when a connection was lost that had lasted.
        attempt: u32,
        /// The time since `connect` was called.
        elapsed: Duration,
        /// How long the connection had been up; `None` when `connect` failed.
        uptime: Option<Duration>,
    },
    /// The failure just reported is the first of an outage.
    OutageBegan {
        /// What is known of it.
        outage: &'a Outage,
    },
    /// The next attempt comes after `delay`.
    Waiting {
        /// How long the loop will wait unless it is cut short.
        delay: Duration,
        /// How many attempts there have been.
        attempt: u32,
        /// The outage so far.
        outage: &'a Outage,
    },
    /// The connection was dropped because [`Handle::reconnect`](crate::Handle::reconnect) asked for it.
    Reconnecting {
        /// How long the connection had been up.
        uptime: Duration,
    },
    /// The loop has ended.
    Stopped {
        /// The outage that it ended in, if there was one.
        outage: Option<&'a Outage>,
        /// The error that it ended with; `None` when it was told to end.
        error: Option<&'a dyn Display>,
    },
}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting { attempt } => f
                .debug_struct("Connecting")
                .field("attempt", attempt)
                .finish(),
            Self::Connected { attempt, elapsed } => f
                .debug_struct("Connected")
                .field("attempt", attempt)
                .field("elapsed", elapsed)
                .finish(),
            Self::Recovered { outage } => {
                f.debug_struct("Recovered").field("outage", outage).finish()
            }
            Self::Failed {
                cause,
                attempt,
                elapsed,
                uptime,
            } => f
                .debug_struct("Failed")
                .field("cause", &format_args!("{cause}"))
                .field("attempt", attempt)
                .field("elapsed", elapsed)
                .field("uptime", uptime)
                .finish(),
            Self::OutageBegan { outage } => f
                .debug_struct("OutageBegan")
                .field("outage", outage)
                .finish(),
            Self::Waiting {
                delay,
                attempt,
                outage,
            } => f
                .debug_struct("Waiting")
                .field("delay", delay)
                .field("attempt", attempt)
                .field("outage", outage)
                .finish(),
            Self::Reconnecting { uptime } => f
                .debug_struct("Reconnecting")
                .field("uptime", uptime)
                .finish(),
            Self::Stopped { outage, error } => f
                .debug_struct("Stopped")
                .field("outage", outage)
                .field("error", &error.map(ToString::to_string))
                .finish(),
        }
    }
}
