//! Logs for an on-call engineer: one WARN when an outage begins, INFO while it goes on, one INFO when it is over, one
//! ERROR when the loop ends by itself, and DEBUG for the rest.
#![cfg_attr(
    not(feature = "tracing"),
    expect(
        unused_variables,
        clippy::if_same_then_else,
        clippy::match_same_arms,
        clippy::unused_self,
        reason = "without `tracing` there are no lines"
    )
)]

use std::fmt::Display;
use std::time::Duration;

use tokio::time::Instant;
#[cfg(feature = "tracing")]
use tracing::{debug, error, info, warn};

use crate::{Event, Outage, Status, Why};

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(crate) struct Logs {
    pub(crate) connector: String,
    /// How many times the current outage was said to go on.
    reminders: u32,
}

/// A line with the connector's name and the target `schmoozer`.
#[cfg(feature = "tracing")]
macro_rules! line {
    ($level:ident, $logs:expr, $($rest:tt)+) => {
        $level!(target: "schmoozer", connector = $logs.connector.as_str(), $($rest)+)
    };
}

#[cfg(not(feature = "tracing"))]
macro_rules! line {
    ($($line:tt)*) => {{}};
}

impl Logs {
    pub(crate) fn outage_began(&mut self, error: &str) {
        self.reminders = 0;
        line!(warn, self, error, "outage began");
    }

    pub(crate) fn on_event(&mut self, event: &Event<'_>) {
        match *event {
            Event::Failed {
                cause,
                attempt,
                uptime,
                ..
            } => {
                let uptime = uptime.map(|uptime| uptime.as_secs_f64());
                line!(debug, self, attempt, uptime, error = cause, "failed");
            }
            Event::Stable {
                id,
                outage: Some(outage),
            } => line!(
                info,
                self,
                id,
                outage = outage.length.as_secs_f64(),
                attempts = outage.attempts,
                error = outage.last_cause.as_str(),
                "outage over"
            ),
            Event::Connecting { attempt } => line!(debug, self, attempt, "connecting"),
            Event::Connected { id } => line!(debug, self, id, "connected"),
            Event::Ready { id } => line!(debug, self, id, "ready"),
            Event::Stable { id, outage: None } => line!(debug, self, id, "stable"),
            Event::Waiting { delay, attempt } => {
                line!(debug, self, attempt, delay = delay.as_secs_f64(), "waiting");
            }
            Event::Ending { id, end } => line!(debug, self, id, ?end, "ending as planned"),
            Event::Reconnecting { id } => line!(debug, self, id, "reconnecting on request"),
            Event::Stopped { stopped } => {
                let error = stopped.cause.as_deref();
                match stopped.why {
                    Why::GaveUp => line!(error, self, error, "gave up"),
                    Why::Final => line!(error, self, error, "stopped by a final error"),
                    why => line!(debug, self, error, ?why, "stopped"),
                }
            }
        }
    }

    /// A connection that was not stable was renewed, for the `times`th time in a row.
    pub(crate) fn renewed_early(&self, times: u32) {
        if times == 3 {
            line!(
                warn,
                self,
                times,
                "connections are renewed before they are stable"
            );
        } else {
            line!(debug, self, times, "renewed before it was stable");
        }
    }

    /// A handler that was told to end returned an error.
    pub(crate) fn ended_with(&self, cause: &dyn Display) {
        line!(debug, self, error = %cause, "failed while it was renewed");
    }

    /// When to say next that the outage since then goes on: after 1 minute, 10 minutes, and each hour.
    pub(crate) fn reminder(&self, since: Instant) -> Option<Instant> {
        let after = match self.reminders {
            0 => MINUTE,
            1 => 10 * MINUTE,
            hours => (60 * MINUTE).checked_mul(hours - 1)?,
        };
        since.checked_add(after)
    }

    pub(crate) fn remind(&mut self, outage: &Outage, status: &Status, offline: bool) {
        let now = Instant::now();
        // One line, also for a task that has slept through more than one.
        while self.reminder(outage.since).is_some_and(|at| at <= now) {
            self.reminders = self.reminders.saturating_add(1);
        }
        let state = match status {
            Status::Connected { ready: false, .. } => "connected, not ready",
            Status::Connected { .. } => "connected, not yet stable",
            Status::Waiting { .. } if offline => "offline",
            Status::Waiting { .. } => "waiting",
            Status::Connecting { .. } | Status::Stopped(_) => "connecting",
        };
        line!(
            info,
            self,
            outage = (now - outage.since).as_secs_f64(),
            attempts = outage.attempts,
            error = outage.last_cause.as_str(),
            state,
            "outage goes on"
        );
    }
}
