use std::collections::BTreeMap;

use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use schmoozer_core::{Delays, Metrics};
use tokio::time::sleep;

use crate::script::{Script, Step, checked, ms, secs};

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

#[tokio::test(start_paused = true)]
async fn each_metric_says_what_its_documentation_says() {
    let recorder = DebuggingRecorder::new();
    let metrics = metrics::with_local_recorder(&recorder, || Metrics::new("db"));
    // Refused after 0.5 s; up from 1.5 s to 2.5 s; up from 4.5 s until it is dropped at 24.5 s; refused
    // after 0.25 s, and given up.
    let steps = [
        Step::Fails(ms(500)),
        Step::Up(secs(1)),
        Step::Up(secs(60)),
        Step::Fails(ms(250)),
    ];
    let script = Script::new(steps, Delays::new(vec![secs(1), secs(2)]));
    let runner = checked(script).observer(metrics);
    let handle = runner.handle();
    let snapshots = recorder.snapshotter();
    let looking = async {
        sleep(ms(24_400)).await;
        let up = snapshot(&snapshots);
        assert_eq!(up[&("gauge", "schmoozer_connected".to_owned())], [1.0]);
        sleep(ms(100)).await;
        handle.reconnect();
        sleep(ms(200)).await;
        let down = snapshot(&snapshots);
        assert_eq!(down[&("gauge", "schmoozer_connected".to_owned())], [0.0]);
        up
    };
    let (ended, up) = tokio::join!(runner.run(), looking);
    assert_eq!(ended, Err("refused"));

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
