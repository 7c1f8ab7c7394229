use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};

use crate::{Event, Observer};

/// An [`Observer`] that keeps metrics, through whatever recorder the program installed.
///
/// | name | kind | unit | what |
/// |---|---|---|---|
/// | `schmoozer_attempts_total` | counter | | calls of `connect` |
/// | `schmoozer_failures_total` | counter | | calls of `connect` that failed, and connections lost |
/// | `schmoozer_outages_total` | counter | | outages begun |
/// | `schmoozer_connected` | gauge | | 1 while a connection is up, else 0 |
/// | `schmoozer_connect_duration_seconds` | histogram | s | how long a `connect` that succeeded took |
/// | `schmoozer_uptime_seconds` | histogram | s | how long a connection was up when it was lost |
/// | `schmoozer_outage_duration_seconds` | histogram | s | how long an outage was when it was over |
///
/// All have the label `target`, and are described to the recorder. Install it before making this.
///
/// # Examples
///
/// ```
/// use schmoozer_core::{Metrics, Runner, connector_fn};
/// # use std::{convert::Infallible, time::Duration};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Infallible> {
/// # let connector = connector_fn(async || Ok::<_, Infallible>(()), async |()| Ok(()), [Duration::ZERO]);
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
}

impl Metrics {
    /// Keeps metrics with the label `target`. Holds no secret: it is seen wherever the metrics are.
    #[must_use]
    pub fn new(target: impl Into<String>) -> Self {
        let target: String = target.into();
        describe();
        Self {
            attempts: counter!("schmoozer_attempts_total", "target" => target.clone()),
            failures: counter!("schmoozer_failures_total", "target" => target.clone()),
            outages: counter!("schmoozer_outages_total", "target" => target.clone()),
            connected: gauge!("schmoozer_connected", "target" => target.clone()),
            connect_duration: histogram!("schmoozer_connect_duration_seconds", "target" => target.clone()),
            uptime: histogram!("schmoozer_uptime_seconds", "target" => target.clone()),
            outage_duration: histogram!("schmoozer_outage_duration_seconds", "target" => target),
        }
    }
}

fn describe() {
    describe_counter!("schmoozer_attempts_total", "calls of connect");
    describe_counter!(
        "schmoozer_failures_total",
        "calls of connect that failed, and connections lost"
    );
    describe_counter!("schmoozer_outages_total", "outages begun");
    describe_gauge!("schmoozer_connected", "1 while a connection is up, else 0");
    describe_histogram!(
        "schmoozer_connect_duration_seconds",
        Unit::Seconds,
        "how long a connect that succeeded took"
    );
    describe_histogram!(
        "schmoozer_uptime_seconds",
        Unit::Seconds,
        "how long a connection was up when it was lost"
    );
    describe_histogram!(
        "schmoozer_outage_duration_seconds",
        Unit::Seconds,
        "how long an outage was when it was over"
    );
}

impl Observer for Metrics {
    fn on_event(&mut self, event: &Event<'_>) {
        match *event {
            Event::Connecting { .. } => self.attempts.increment(1),
            Event::Connected { elapsed, .. } => {
                self.connected.set(1.0);
                self.connect_duration.record(elapsed);
            }
            Event::Failed { uptime, .. } => {
                self.failures.increment(1);
                self.connected.set(0.0);
                if let Some(uptime) = uptime {
                    self.uptime.record(uptime);
                }
            }
            Event::OutageBegan { .. } => self.outages.increment(1),
            Event::Recovered { outage } => self.outage_duration.record(outage.length),
            Event::Reconnecting { uptime } => {
                self.connected.set(0.0);
                self.uptime.record(uptime);
            }
            Event::Waiting { .. } | Event::Stopped { .. } => self.connected.set(0.0),
        }
    }

    fn enabled(&self) -> bool {
        // No metric holds the text of a cause.
        false
    }
}

impl Drop for Metrics {
    /// A loop that is dropped leaves no connection behind, nor one on the gauge.
    fn drop(&mut self) {
        self.connected.set(0.0);
    }
}
