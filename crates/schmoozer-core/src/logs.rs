//! Logs for an on-call engineer: one WARN when an outage begins, INFO while it goes on, one INFO when it is over, one
//! ERROR when the loop ends by itself, and DEBUG for the rest.

#[cfg(feature = "tracing")]
pub(crate) use with_tracing::Logs;
#[cfg(not(feature = "tracing"))]
pub(crate) use without::Logs;

#[cfg(not(feature = "tracing"))]
mod without {
    use std::fmt::Display;

    use tokio::time::Instant;

    use crate::{Event, Outage, Status};

    #[derive(Default)]
    pub(crate) struct Logs {}

    #[expect(clippy::unused_self, reason = "as with `tracing`")]
    impl Logs {
        pub(crate) fn name(&mut self, _: Option<String>) {}

        pub(crate) fn enabled() -> bool {
            false
        }

        pub(crate) fn outage_began(&mut self, _: Option<&str>, _: &dyn Display) {}

        pub(crate) fn on_event(&mut self, _: &Event<'_>) {}

        pub(crate) fn renewed_early(&self, _: u32) {}

        pub(crate) fn ended_with(&self, _: &dyn Display) {}

        pub(crate) fn reminder(&self, _: &Outage) -> Option<Instant> {
            None
        }

        pub(crate) fn remind(&mut self, _: &Outage, _: &Status, _: bool) {}
    }
}

#[cfg(feature = "tracing")]
mod with_tracing {
    use std::fmt::Display;
    use std::time::Duration;

    use tokio::time::Instant;
    use tracing::field::display;
    use tracing::{Level, debug, enabled, error, info, warn};

    use crate::text::{Clean, text};
    use crate::{Event, Outage, Status, Why};

    const MINUTE: Duration = Duration::from_secs(60);

    #[derive(Default)]
    pub(crate) struct Logs {
        connector: String,
        /// How many times the current outage was said to go on.
        reminders: u32,
    }

    /// A line with the connector's name and the target `schmoozer`.
    macro_rules! line {
        ($level:ident, $logs:expr, $($rest:tt)+) => {
            $level!(target: "schmoozer", connector = $logs.connector.as_str(), $($rest)+)
        };
    }

    impl Logs {
        pub(crate) fn name(&mut self, target: Option<String>) {
            self.connector = target.map_or_else(String::new, |target| Clean(target).to_string());
        }

        pub(crate) fn enabled() -> bool {
            enabled!(target: "schmoozer", Level::WARN)
        }

        /// Warns of an outage. Where nothing says that it listens, no text was written; but the `log` crate never says so.
        pub(crate) fn outage_began(&mut self, written: Option<&str>, cause: &dyn Display) {
            self.reminders = 0;
            if let Some(error) = written {
                line!(warn, self, error, "outage began");
            } else {
                line!(warn, self, error = text(cause).as_str(), "outage began");
            }
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
                    error = last_cause(outage),
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

        pub(crate) fn ended_with(&self, cause: &dyn Display) {
            let error = display(cause);
            line!(debug, self, error, "failed while it was renewed");
        }

        /// When to say next that the outage goes on: after 1 minute, 10 minutes, and each hour.
        pub(crate) fn reminder(&self, outage: &Outage) -> Option<Instant> {
            let after = match self.reminders {
                0 => MINUTE,
                1 => 10 * MINUTE,
                hours => (60 * MINUTE).checked_mul(hours - 1)?,
            };
            outage.since.checked_add(after)
        }

        pub(crate) fn remind(&mut self, outage: &Outage, status: &Status, offline: bool) {
            // One line, also for a task that has slept through more than one.
            let is_due = |at: Instant| at - outage.since <= outage.length;
            while self.reminder(outage).is_some_and(is_due) {
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
                outage = outage.length.as_secs_f64(),
                attempts = outage.attempts,
                error = last_cause(outage),
                state,
                "outage goes on"
            );
        }
    }

    /// Nothing where no text was written.
    fn last_cause(outage: &Outage) -> Option<&str> {
        Some(outage.last_cause.as_str()).filter(|cause| !cause.is_empty())
    }
}
