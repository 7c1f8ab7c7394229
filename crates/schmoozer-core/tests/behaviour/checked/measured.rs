//! Compares metrics with what the events add up to.

use std::time::Duration;

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use schmoozer_core::{Connector, Event, Metrics, Observer, Runner};
use schmoozer_faults::{Checker, Tally};

/// Has `runner` keep metrics, and compared after each event with what `checker` was told.
pub(super) fn observe<'a, C: Connector>(runner: Runner<'a, C>, checker: &Checker) -> Runner<'a, C> {
    let recorder = DebuggingRecorder::new();
    let measured = Measured {
        snapshotter: recorder.snapshotter(),
        checker: checker.clone(),
        told: Told::default(),
    };
    let metrics = metrics::with_local_recorder(&recorder, || Metrics::new("checked"));
    runner.observer(metrics).observer(measured)
}

/// Comes after the metrics, and reads them.
struct Measured {
    snapshotter: Snapshotter,
    checker: Checker,
    told: Told,
}

/// What the metrics have said until now. A snapshot takes what is new.
#[derive(Default, PartialEq, Debug)]
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
    fn of(tally: &Tally) -> Self {
        let seconds = |times: &[Duration]| times.iter().map(Duration::as_secs_f64).collect();
        Self {
            attempts: tally.attempts,
            failures: tally.failures,
            outages: tally.outages,
            connected: if tally.is_up() { 1.0 } else { 0.0 },
            connects: seconds(&tally.connects),
            uptimes: seconds(&tally.uptimes),
            recoveries: seconds(&tally.recoveries),
        }
    }

    fn add(&mut self, name: &str, value: DebugValue) {
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
                    other => panic!("no such metric: {other}"),
                };
                known.extend(more.iter().map(|value| value.0));
            }
            (name, value) => panic!("no such metric: {name}, {value:?}"),
        }
    }
}

impl Observer for Measured {
    fn on_event(&mut self, event: &Event<'_>) {
        for (key, _, _, value) in self.snapshotter.snapshot().into_vec() {
            self.told.add(key.key().name(), value);
        }
        assert_eq!(
            self.told,
            Told::of(&self.checker.tally()),
            "after {event:?}"
        );
    }

    fn enabled(&self) -> bool {
        false
    }
}
