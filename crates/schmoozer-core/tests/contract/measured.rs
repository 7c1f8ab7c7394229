//! Metrics: they tell the same story, and add up over loops.

use std::collections::BTreeMap;

use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use schmoozer_core::Metrics;
use tokio::time::sleep;

use crate::scene::{Script, fails, ms, secs, stays, up};

/// Every metric by its kind and name, once its only label was checked.
fn snapshot(recorder: &Snapshotter) -> BTreeMap<(&'static str, String), Vec<f64>> {
    let mut metrics = BTreeMap::new();
    for (key, unit, description, value) in recorder.snapshot().into_vec() {
        let labels: Vec<_> = key
            .key()
            .labels()
            .map(|label| (label.key(), label.value()))
            .collect();
        assert_eq!(labels, [("target", "db")]);
        assert!(description.is_some_and(|text| !text.is_empty()));
        let timed = key.key().name().ends_with("_seconds");
        assert_eq!(unit, timed.then_some(metrics::Unit::Seconds));
        let kind = match key.kind() {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        let values = match value {
            #[expect(clippy::cast_precision_loss, reason = "the counts are small")]
            DebugValue::Counter(count) => vec![count as f64],
            DebugValue::Gauge(value) => vec![value.into_inner()],
            DebugValue::Histogram(values) => values.into_iter().map(f64::from).collect(),
        };
        metrics.insert((kind, key.key().name().to_owned()), values);
    }
    metrics
}

/// By how much the gauge has changed since it was last looked at: a snapshot takes it away.
fn changed(recorder: &Snapshotter) -> f64 {
    snapshot(recorder)[&("gauge", "schmoozer_connected".to_owned())][0]
}

#[tokio::test(start_paused = true)]
async fn each_metric_says_what_its_documentation_says() {
    let recorder = DebuggingRecorder::new();
    let metrics = metrics::with_local_recorder(&recorder, || Metrics::new("db"));
    // Refused after 0.5 s; up from 1.5 s to 2.5 s; up from 4.5 s until it is dropped at 24.5 s; refused
    // after 0.25 s, and given up.
    let steps = [fails(ms(500)), up(secs(1)), up(secs(60)), fails(ms(250))];
    let script = Script::new(steps, [1, 2].map(secs)).steered();
    let runner = script.runner().observer(metrics);
    let handle = runner.handle();
    let snapshots = recorder.snapshotter();
    let looking = async {
        sleep(ms(24_400)).await;
        let up = snapshot(&snapshots);
        sleep(ms(100)).await;
        handle.reconnect();
        sleep(ms(200)).await;
        assert!((changed(&snapshots) + 1.0).abs() < 0.5);
        sleep(secs(2)).await;
        handle.shutdown();
        up
    };
    let (_, up) = tokio::join!(runner.run(), looking);
    let named =
        |kind, name: &str, values: &[f64]| ((kind, format!("schmoozer_{name}")), values.to_vec());
    assert_eq!(
        up,
        BTreeMap::from([
            named("counter", "attempts_total", &[3.0]),
            named("counter", "failures_total", &[2.0]),
            named("counter", "outages_total", &[1.0]),
            named("gauge", "connected", &[1.0]),
            named("histogram", "connect_duration_seconds", &[0.0, 0.0]),
            named("histogram", "uptime_seconds", &[1.0]),
            named("histogram", "outage_duration_seconds", &[4.0]),
        ])
    );
}

/// Row 61: two loops with one target, of which the older one is dropped.
#[tokio::test(start_paused = true)]
async fn the_gauge_counts_the_connections_that_are_up_over_loops_that_overlap() {
    let recorder = DebuggingRecorder::new();
    let observed = || {
        let metrics = metrics::with_local_recorder(&recorder, || Metrics::new("db"));
        Script::new([stays(), stays()], [])
            .steered()
            .runner()
            .observer(metrics)
    };
    let snapshots = recorder.snapshotter();
    let mut seen = 0.0;
    let mut up = |count: f64| {
        seen += changed(&snapshots);
        assert!((seen - count).abs() < 0.5, "{seen}");
    };
    let old = tokio::spawn(observed().run());
    sleep(secs(20)).await;
    up(1.0);
    let new = observed();
    let handle = new.handle();
    let task = tokio::spawn(new.run());
    sleep(secs(20)).await;
    up(2.0);
    old.abort();
    sleep(secs(3_600)).await;
    up(1.0);
    // In each way in which a connection can end.
    handle.renew();
    sleep(secs(2)).await;
    up(1.0);
    handle.shutdown();
    task.await.unwrap().unwrap();
    up(0.0);
}
