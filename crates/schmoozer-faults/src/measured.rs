//! Compares metrics with what the events add up to.

use std::fmt;
use std::time::Duration;

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use schmoozer_core::{Event, Observer, Why};

use crate::Tally;

/// The metrics of a run, read after each event.
pub(crate) struct Measured {
    metrics: Box<dyn Observer>,
    snapshotter: Snapshotter,
    told: Told,
}

impl Measured {
    /// `make` makes the metrics. What they measure comes here.
    pub(crate) fn new<O: Observer + 'static>(make: impl FnOnce() -> O) -> Self {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        Self {
            metrics: Box::new(metrics::with_local_recorder(&recorder, make)),
            snapshotter,
            told: Told::default(),
        }
    }

    /// Says which metric is not what the events until now, of which `event` is the last, add up to.
    pub(crate) fn agrees(
        &mut self,
        event: &Event<'_>,
        tally: &Tally,
        slack: Duration,
    ) -> Result<(), String> {
        self.metrics.on_event(event);
        for (key, _, _, value) in self.snapshotter.snapshot().into_vec() {
            let name = key.key().name();
            let known = self.told.add(name, value);
            known.ok_or_else(|| format!("the metric {name}: there is no such"))?;
        }
        match self.told.fault(tally, slack.as_secs_f64()) {
            None => Ok(()),
            Some(name) => Err(format!("the metric {name}: {:?}, not {tally:?}", self.told)),
        }
    }
}

impl fmt::Debug for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.told.fmt(f)
    }
}

/// What the metrics have said until now. A snapshot takes what is new.
#[derive(Debug, Default)]
struct Told {
    attempts: u64,
    failures: u64,
    outages: u64,
    connected: f64,
    connects: Vec<f64>,
    uptimes: Vec<f64>,
    recoveries: Vec<f64>,
}

impl Told {
    fn add(&mut self, name: &str, value: DebugValue) -> Option<()> {
        match (name, value) {
            ("schmoozer_attempts_total", DebugValue::Counter(more)) => self.attempts += more,
            ("schmoozer_failures_total", DebugValue::Counter(more)) => self.failures += more,
            ("schmoozer_outages_total", DebugValue::Counter(more)) => self.outages += more,
            ("schmoozer_connected", DebugValue::Gauge(more)) => self.connected += more.0,
            (name, DebugValue::Histogram(more)) => {
                let known = match name {
                    "schmoozer_connect_duration_seconds" => &mut self.connects,
                    "schmoozer_uptime_seconds" => &mut self.uptimes,
                    "schmoozer_outage_duration_seconds" => &mut self.recoveries,
                    _ => return None,
                };
                known.extend(more.iter().map(|value| value.0));
            }
            _ => return None,
        }
        Some(())
    }

    /// The first metric that is wrong.
    fn fault(&self, tally: &Tally, slack: f64) -> Option<&'static str> {
        // Dropped outside of its runtime, a connection ends on another clock.
        let uptime_slack = match tally.ended {
            Some(Why::Dropped) => f64::INFINITY,
            _ => slack,
        };
        let connected = if tally.is_up() { 1.0 } else { 0.0 };
        let metrics = [
            ("schmoozer_attempts_total", self.attempts == tally.attempts),
            ("schmoozer_failures_total", self.failures == tally.failures),
            ("schmoozer_outages_total", self.outages == tally.outages),
            (
                "schmoozer_connected",
                (self.connected - connected).abs() < 0.5,
            ),
            (
                "schmoozer_connect_duration_seconds",
                near(&self.connects, &tally.connects, slack),
            ),
            (
                "schmoozer_uptime_seconds",
                near(&self.uptimes, &tally.uptimes, uptime_slack),
            ),
            (
                "schmoozer_outage_duration_seconds",
                near(&self.recoveries, &tally.recoveries, slack),
            ),
        ];
        let wrong = metrics.into_iter().find(|(_, holds)| !holds);
        wrong.map(|(name, _)| name)
    }
}

fn near(told: &[f64], seen: &[Duration], slack: f64) -> bool {
    let is_near = |(told, seen): (&f64, &Duration)| (told - seen.as_secs_f64()).abs() <= slack;
    told.len() == seen.len() && told.iter().zip(seen).all(is_near)
}
