//! Several things in one moment, and requests that an observer makes in the middle of an event.

use std::sync::{Arc, Mutex};

use schmoozer_core::{End, Event, Handle, Status, Why};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::scene::{Log, Script, ends, fails, ms, secs, stays, up};

/// Runs the script for a minute. Whenever this event comes, and so often at most, the observer itself asks.
async fn steered(
    script: Script,
    times: u32,
    when: fn(&Event<'_>) -> bool,
    ask: fn(&Handle),
) -> (Log, Handle) {
    let script = script.steered();
    let log = script.log();
    let own = Arc::new(Mutex::new(None::<Handle>));
    let asks = Arc::clone(&own);
    let mut left = times;
    let runner = script.runner().on_event(move |event| {
        if left > 0 && when(event) {
            left -= 1;
            let handle = asks.lock().unwrap().clone();
            handle.iter().for_each(ask);
        }
    });
    let handle = runner.handle();
    *own.lock().unwrap() = Some(handle.clone());
    let task = tokio::spawn(runner.run());
    sleep(secs(60)).await;
    task.abort();
    (log, handle)
}

/// Row 25: a request is taken in whatever moment it comes.
#[tokio::test(start_paused = true)]
async fn a_request_that_an_observer_makes_is_taken() {
    let is_ready = |event: &Event<'_>| matches!(event, Event::Ready { .. });
    let (log, _) = steered(
        Script::new([stays(), stays()], []),
        1,
        is_ready,
        Handle::reconnect,
    )
    .await;
    assert_eq!(log.attempts(), [0, 10]);
    let (log, _) = steered(
        Script::new([stays(), stays()], []),
        1,
        is_ready,
        Handle::renew,
    )
    .await;
    assert_eq!(log.attempts(), [0, 10]);

    let fail = || Script::new([fails(secs(1)), stays()], [secs(30)]);
    let has_failed = |event: &Event<'_>| matches!(event, Event::Failed { .. });
    let (log, _) = steered(fail(), 1, has_failed, Handle::retry_now).await;
    assert_eq!(log.attempts(), [0, 1_000]);
    let waits = |event: &Event<'_>| matches!(event, Event::Waiting { .. });
    let (log, _) = steered(fail(), 1, waits, Handle::retry_now).await;
    assert_eq!(log.attempts(), [0, 1_000]);
}

/// Row 23: so is a shutdown.
#[tokio::test(start_paused = true)]
async fn a_shutdown_that_an_observer_asks_for_is_the_end() {
    type When = fn(&Event<'_>) -> bool;
    let cases: [(When, u64, &[&str]); 5] = [
        (
            |event| matches!(event, Event::Connecting { attempt: 2 }),
            2_000,
            &["0 connecting 1", "2000 connecting 2"],
        ),
        (
            |event| matches!(event, Event::Failed { .. }),
            1_000,
            &["0 connecting 1"],
        ),
        (
            |event| matches!(event, Event::Waiting { .. }),
            1_000,
            &["0 connecting 1"],
        ),
        (
            |event| matches!(event, Event::Connected { .. }),
            2_000,
            &["0 connecting 1", "2000 connecting 2"],
        ),
        (
            |event| matches!(event, Event::Ready { .. }),
            2_000,
            &["0 connecting 1", "2000 connecting 2"],
        ),
    ];
    for (when, at, attempts) in cases {
        let script = Script::new([fails(secs(1)), stays()], [secs(1)]);
        let (log, handle) = steered(script, 1, when, Handle::shutdown).await;
        let stopped = handle.stopped().await;
        assert_eq!(
            (stopped.why, stopped.cause.as_deref()),
            (Why::Shutdown, Some("refused"))
        );
        assert_eq!(
            log.of(&["stopped"]),
            [format!("{at} stopped Shutdown refused")]
        );
        assert_eq!(log.of(&["connecting"]), attempts);
    }
}

/// Row 23: a shutdown in the very moment in which the retries end.
#[tokio::test(start_paused = true)]
async fn a_shutdown_comes_before_giving_up() {
    let has_failed = |event: &Event<'_>| matches!(event, Event::Failed { .. });
    let script = Script::new([fails(secs(1))], []);
    let (_, handle) = steered(script, 1, has_failed, Handle::shutdown).await;
    assert_eq!(handle.stopped().await.to_string(), "shut down: refused");
    for step in [fails(secs(1)), up(secs(1))] {
        let script = Script::new([step], []);
        let log = script.log();
        let runner = script.runner().shutdown(sleep(secs(1)));
        let handle = runner.handle();
        assert_eq!(runner.run().await, Ok(()));
        assert_eq!(handle.stopped().await.why, Why::Shutdown);
        assert_eq!(log.of(&["failed"]).len(), 1, "it is told all the same");
    }
}

/// Row 23: a shutdown that comes with a failure, or with the decision on it, whatever that is.
#[tokio::test(start_paused = true)]
async fn a_shutdown_with_a_failure_or_its_decision_is_a_shutdown_and_tells_of_no_wait() {
    for decides in [secs(0), secs(1)] {
        for policy in [vec![], vec![secs(0)], vec![secs(1)]] {
            let script = Script::new([fails(secs(1))], policy).decides(decides);
            let log = script.log();
            let runner = script.runner().shutdown(sleep(secs(1) + decides));
            assert_eq!(runner.run().await, Ok(()));
            let end = 1_000 + decides.as_millis();
            assert_eq!(
                log.events(),
                [
                    "0 connecting 1",
                    "1000 failed 1 None 0: refused",
                    &format!("{end} stopped Shutdown refused")
                ]
            );
        }
    }
}

/// Row 23: nothing is said of a wait that does not come.
#[tokio::test(start_paused = true)]
async fn a_shutdown_within_the_minimum_interval_tells_of_no_wait() {
    let script = Script::new([fails(ms(0)), stays()], [secs(1)]).decides(secs(60));
    let (log, handle, task) = script.spawn();
    sleep(ms(5)).await;
    handle.shutdown();
    assert_eq!(task.await.unwrap(), Ok(()));
    assert_eq!(
        log.events(),
        [
            "0 connecting 1",
            "0 failed 1 None 0: refused",
            "5 stopped Shutdown refused"
        ]
    );
}

/// Row 65: while offline, no status says when.
#[tokio::test(start_paused = true)]
async fn no_status_has_a_time_while_offline() {
    let script = Script::new([up(secs(5)), ends(ms(0), End::Exit)], [secs(1)])
        .steered()
        .held_up();
    let (network, online) = watch::channel(true);
    let times = Arc::new(Mutex::new(Vec::new()));
    let (seen, own) = (Arc::clone(&times), Arc::new(Mutex::new(None::<Handle>)));
    let asks = Arc::clone(&own);
    let runner = script.runner().while_online(online).on_event(move |event| {
        if let (Event::Waiting { .. }, Some(handle)) = (event, &*asks.lock().unwrap()) {
            seen.lock().unwrap().push(handle.status());
        }
    });
    *own.lock().unwrap() = Some(runner.handle());
    let task = tokio::spawn(runner.run());
    sleep(secs(4)).await;
    network.send_replace(false);
    sleep(secs(10)).await;
    network.send_replace(true);
    task.await.unwrap().unwrap();
    let times = times.lock().unwrap();
    assert_eq!(times.len(), 1);
    assert!(
        matches!(times[0], Status::Waiting { until: None, .. }),
        "{times:?}"
    );
}
