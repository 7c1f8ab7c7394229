//! Each step of a script, as a loop meets it.
#![cfg(feature = "schmoozer")]

use std::time::Duration;

use schmoozer_core::{Connector, Lifecycle, Runner, run};
use schmoozer_faults::{Checker, Recorder, Script, Step};
use tokio::time::{sleep, timeout};

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// What observers of these steps are told.
async fn told(steps: impl IntoIterator<Item = Step>, lifecycle: Lifecycle) -> Vec<String> {
    let script = Script::new(steps, [secs(1), secs(2)]).lifecycle(lifecycle);
    let recorder = Recorder::new();
    let runner = Runner::new(script)
        .observer(recorder.clone())
        .shutdown(sleep(secs(60)));
    let _ = runner.run().await;
    recorder.lines()
}

#[tokio::test(start_paused = true)]
async fn a_step_fails_with_its_text_and_takes_its_time() {
    let steps = [
        Step::fails(secs(2)).with("down"),
        Step::up(secs(3)).with("gone").connect_takes(secs(1)),
        Step::refuses(Err("no")),
    ];
    assert_eq!(
        told(steps, Lifecycle::new()).await,
        [
            "0s: connecting, attempt 1",
            "2s: connect failed: down",
            "2s: attempt 2 in 1.0s",
            "3s: connecting, attempt 2",
            "4s: connected",
            "4s: ready",
            "7s: connection lost after 3.0s: gone",
            "7s: attempt 3 in 2.0s",
            "9s: connecting, attempt 3",
            "9s: ended by a final error: no",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_step_marks_its_connection_and_says_goodbye_when_it_is_told_to() {
    let lifecycle = Lifecycle::new().ready_when_marked();
    let stays = Step::stays().ready_after(secs(5)).goodbye(secs(3));
    assert_eq!(
        told([stays], lifecycle).await,
        [
            "0s: connecting, attempt 1",
            "0s: connected",
            "5s: ready",
            "15s: stable",
            "60s: ending",
            "63s: shut down",
        ]
    );
    // Lost before the login was over.
    let early = Step::up(secs(1)).ready_after(secs(5));
    let told = told([early, Step::hangs()], lifecycle).await;
    assert_eq!(told[2], "1s: connection lost after 1.0s: lost");
}

#[tokio::test(start_paused = true)]
async fn a_step_renews_its_connection() {
    let steps = [Step::renews(secs(4)), Step::exits(Ok(()))];
    assert_eq!(
        told(steps, Lifecycle::new()).await[3..5],
        ["4s: ending, to be renewed", "4s: attempt 1 in 6.0s"]
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_step_is_repeated_and_without_steps_nothing_comes() {
    let script = Script::new([Step::fails(secs(0))], [secs(1), secs(2)]);
    let log = script.log();
    assert_eq!(run(script).await, Err("refused"));
    assert_eq!(log.attempts(), [0, 1, 3].map(secs));
    assert_eq!(log.failures().len(), 3);

    let script = Script::new([], [secs(1)]);
    let log = script.log();
    timeout(secs(1_000), run(script)).await.unwrap_err();
    assert_eq!(log.attempts(), [secs(0)]);
}

#[tokio::test(start_paused = true)]
async fn live_connections_are_counted() {
    let script = Script::new([Step::stays()], [secs(1)]);
    let log = script.log();
    let running = Checker::exact().runner(script).shutdown(sleep(secs(9)));
    let (result, live) = tokio::join!(running.run(), async {
        sleep(secs(5)).await;
        log.live()
    });
    assert_eq!((result, live, log.live()), (Ok(()), 1, 0));
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "the old connection is gone")]
async fn a_second_connection_beside_the_first_is_refused() {
    let mut script = Script::new([Step::stays()], [secs(1)]);
    let _first = script.connect().await;
    let _second = script.connect().await;
}

#[test]
fn a_script_has_a_name_or_none() {
    let script = Script::new([Step::hangs()], [secs(1)]);
    assert_eq!(script.display_target().as_deref(), Some("script"));
    let script = script.target("db".to_owned());
    assert_eq!(script.display_target().as_deref(), Some("db"));
    assert_eq!(script.target(None).display_target(), None);
}
