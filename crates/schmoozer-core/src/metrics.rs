use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};

use tokio::time::Instant;

use crate::{Event, Observer};

/// An [`Observer`] that keeps metrics, through whatever recorder the program installed.
///
/// | name | kind | unit | what |
/// |---|---|---|---|
/// | `schmoozer_attempts_total` | counter | | calls of `connect` |
/// | `schmoozer_failures_total` | counter | | calls of `connect` that failed, and connections lost |
/// | `schmoozer_outages_total` | counter | | outages begun |
/// | `schmoozer_connected` | gauge | connections | connections that are up: loops with one target add up |
/// | `schmoozer_connect_duration_seconds` | histogram | s | how long a `connect` that succeeded took |
/// | `schmoozer_uptime_seconds` | histogram | s | how long a connection was up when it ended, however it ended |
/// | `schmoozer_outage_duration_seconds` | histogram | s | how long an outage was when it was over |
///
/// All have the label `target`, and are described to the recorder. Install the recorder before making this.
///
/// # Examples
///
/// ```
/// use schmoozer_core::{End, Metrics, Runner, connector_fn};
/// # use std::{convert::Infallible, time::Duration};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Infallible> {
/// # let connector = connector_fn(async || Ok::<_, Infallible>(()), async |(), _session| Ok(End::Exit), [Duration::ZERO]);
/// Runner::new(connector).observer(Metrics::new("db")).run().await
/// # }
/// ```
#[derive(Debug)]
pub struct Metrics {
    attempts: Counter,
    failures: Counter,
    outages: Counter,
    connected: Gauge,
    connect_duration: Histogram,
    uptime: Histogram,
    outage_duration: Histogram,
    /// When the attempt began that is under way.
    attempt: Option<Instant>,
    /// Since when a connection is up.
    up: Option<Instant>,
}

impl Metrics {
    /// Keeps metrics with the label `target`. Holds no secret: it is seen wherever the metrics are.
    #[must_use]
    pub fn new(target: impl Into<String>) -> Self {
        let target: String = target.into();
        let counts = |name: &'static str, what: &'static str| {
            describe_counter!(name, what);
            counter!(name, "target" => target.clone())
        };
        let measures = |name: &'static str, what: &'static str| {
            describe_histogram!(name, Unit::Seconds, what);
            histogram!(name, "target" => target.clone())
        };
        describe_gauge!("schmoozer_connected", "connections that are up");
        Self {
            attempts: counts("schmoozer_attempts_total", "calls of connect"),
            failures: counts(
                "schmoozer_failures_total",
                "failed connects, lost connections",
            ),
            outages: counts("schmoozer_outages_total", "outages begun"),
            connected: gauge!("schmoozer_connected", "target" => target.clone()),
            connect_duration: measures("schmoozer_connect_duration_seconds", "time to connect"),
            uptime: measures("schmoozer_uptime_seconds", "time from connected to the end"),
            outage_duration: measures("schmoozer_outage_duration_seconds", "length of an outage"),
            attempt: None,
            up: None,
        }
    }

    /// The connection that was up, if one was, is gone.
    fn ended(&mut self, now: Instant) {
        if let Some(since) = self.up.take() {
            self.connected.decrement(1.0);
            self.uptime.record(now - since);
        }
    }
}

impl Observer for Metrics {
    fn on_event(&mut self, event: &Event<'_>) {
        let now = Instant::now();
        match *event {
            Event::Connecting { .. } => {
                self.ended(now);
                self.attempts.increment(1);
                self.attempt = Some(now);
            }
            Event::Connected { .. } => {
                // None for a connection that the program started with.
                if let Some(began) = self.attempt.take() {
                    self.connect_duration.record(now - began);
                }
                self.connected.increment(1.0);
                self.up = Some(now);
            }
            Event::Failed { attempt, .. } => {
                self.ended(now);
                self.failures.increment(1);
                if attempt == 1 {
                    self.outages.increment(1);
                }
            }
            Event::Stable {
                outage: Some(outage),
                ..
            } => self.outage_duration.record(outage.length),
            Event::Reconnecting { .. } | Event::Waiting { .. } | Event::Stopped { .. } => {
                self.ended(now);
            }
            // A connection that ends as planned is up until its handler has returned.
            Event::Ready { .. } | Event::Stable { .. } | Event::Ending { .. } => {}
        }
    }

    fn enabled(&self) -> bool {
        // No metric holds the text of a cause.
        false
    }
}

impl Drop for Metrics {
    /// A loop that panics leaves no connection behind, nor one on the gauge.
    fn drop(&mut self) {
        self.ended(Instant::now());
    }
}
