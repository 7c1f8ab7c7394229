//! Metrics that say something else than the events add up to.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use schmoozer_core::{Event, Observer};
use schmoozer_faults::Checker;
use tokio::time::{Instant, sleep_until};

use crate::events::run;
use crate::secs;

const ATTEMPTS: &str = "schmoozer_attempts_total";
const FAILURES: &str = "schmoozer_failures_total";
const OUTAGES: &str = "schmoozer_outages_total";
const CONNECTED: &str = "schmoozer_connected";
const CONNECTS: &str = "schmoozer_connect_duration_seconds";
const UPTIMES: &str = "schmoozer_uptime_seconds";
const RECOVERIES: &str = "schmoozer_outage_duration_seconds";

const ALL: [&str; 7] = [
    ATTEMPTS, FAILURES, OUTAGES, CONNECTED, CONNECTS, UPTIMES, RECOVERIES,
];

/// What becomes of one metric.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wrong {
    Missing,
    Twice,
    Longer,
}

/// Measures as the loop's own metrics do, but for one that is `wrong`.
struct Meter {
    counters: BTreeMap<&'static str, Counter>,
    connected: Gauge,
    histograms: BTreeMap<&'static str, Histogram>,
    wrong: (&'static str, Wrong),
    connecting: Option<Instant>,
    up: Option<Instant>,
}

impl Meter {
    fn new(wrong: (&'static str, Wrong)) -> Self {
        let counters = [ATTEMPTS, FAILURES, OUTAGES];
        let histograms = [CONNECTS, UPTIMES, RECOVERIES];
        Self {
            counters: counters.map(|name| (name, counter!(name))).into(),
            connected: gauge!(CONNECTED),
            histograms: histograms.map(|name| (name, histogram!(name))).into(),
            wrong,
            connecting: None,
            up: None,
        }
    }

    /// How often the metric is to be told what is to be told once, and whether that is longer than it was.
    fn times(&self, name: &str) -> (u32, bool) {
        match self.wrong {
            (wrong, Wrong::Missing) if wrong == name => (0, false),
            (wrong, Wrong::Twice) if wrong == name => (2, false),
            (wrong, Wrong::Longer) => (1, wrong == name),
            _ => (1, false),
        }
    }

    fn count(&self, name: &'static str) {
        let (times, _) = self.times(name);
        self.counters[name].increment(times.into());
    }

    fn record(&self, name: &'static str, time: Duration) {
        let (times, longer) = self.times(name);
        for _ in 0..times {
            let more = Duration::from_nanos(longer.into());
            self.histograms[name].record(time + more);
        }
    }

    fn show(&self, connected: f64) {
        let (times, _) = self.times(CONNECTED);
        self.connected.increment(connected * f64::from(times));
    }
}

impl Observer for Meter {
    fn on_event(&mut self, event: &Event<'_>) {
        let now = Instant::now();
        if let Event::Connected { .. } = event {
            let began = self.connecting.take().expect("an attempt");
            self.record(CONNECTS, now - began);
            self.show(1.0);
            self.up = Some(now);
        } else if !matches!(
            event,
            Event::Ready { .. } | Event::Stable { .. } | Event::Ending { .. }
        ) {
            if let Some(since) = self.up.take() {
                self.record(UPTIMES, now - since);
                self.show(-1.0);
            }
        }
        match *event {
            Event::Connecting { .. } => {
                self.count(ATTEMPTS);
                self.connecting = Some(now);
            }
            Event::Failed { attempt, .. } => {
                self.count(FAILURES);
                if attempt == 1 {
                    self.count(OUTAGES);
                }
            }
            Event::Stable {
                outage: Some(outage),
                ..
            } => self.record(RECOVERIES, outage.length),
            _ => {}
        }
    }
}

/// What the checker says to a recorded run, whose events come when they came, and to these metrics of it.
async fn verdict<O: Observer + 'static>(
    slack: Duration,
    make: impl FnOnce() -> O,
) -> Result<(), String> {
    let events = run().await;
    let checker = Checker::within(slack).with_requests().metrics(make);
    let later = Instant::now() - events[0].0;
    for (at, event) in events {
        sleep_until(at + later).await;
        let result = checker.check(at, &event.as_event());
        result.map_err(|fault| fault.split(": ").next().unwrap_or_default().to_owned())?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn metrics_that_measure_what_the_events_tell_pass() {
    let right = ("", Wrong::Missing);
    assert_eq!(verdict(secs(0), || Meter::new(right)).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn each_metric_that_is_told_too_little_or_too_much_is_found_out() {
    for wrong in [Wrong::Missing, Wrong::Twice] {
        for name in ALL {
            let found = verdict(secs(9), || Meter::new((name, wrong))).await;
            assert_eq!(found, Err(format!("the metric {name}")), "{wrong:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_duration_that_is_longer_than_the_events_tell_is_found_out_unless_within_the_slack() {
    for name in [CONNECTS, UPTIMES, RECOVERIES] {
        let longer = (name, Wrong::Longer);
        let found = verdict(secs(0), || Meter::new(longer)).await;
        assert_eq!(found, Err(format!("the metric {name}")));
        assert_eq!(verdict(secs(1), || Meter::new(longer)).await, Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_metric_that_is_not_the_loops_is_found_out() {
    let found = verdict(secs(0), || {
        let retries = counter!("schmoozer_retries_total");
        move |_: &Event<'_>| retries.increment(1)
    });
    let name = "the metric schmoozer_retries_total";
    assert_eq!(found.await, Err(name.to_owned()));
}
