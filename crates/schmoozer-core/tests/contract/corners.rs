//! Corners of the contract that are none of renewals, ends, requests or the network.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use schmoozer_core::{End, Failure, Retry, RetryResult};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::checked::checked;
use crate::scene::{Script, both, connection, deaf, ends, fails, ms, secs, serves, stays, up};

#[tokio::test(start_paused = true)]
async fn stable_and_lost_at_the_same_instant_was_stable() {
    let script = || Script::new([up(secs(10)), up(ms(9_999))], [secs(1), secs(7)]);
    let (log, _) = both(script).await;
    assert_eq!(
        log.of(&["stable", "failed"]),
        [
            "10000 stable",
            "10000 failed 1 Some(10000) 0: lost",
            "20999 failed 2 Some(9999) 10999: lost",
        ]
    );
    let stable: Vec<_> = log.failures().iter().map(|it| it.stable).collect();
    assert_eq!(stable, [true, false]);
}

/// Row 58: the last moment for an attempt to begin; what does not fit ends the retries.
#[tokio::test(start_paused = true)]
async fn give_up_after_is_the_latest_moment_for_an_attempt_to_begin() {
    let steps = || (0..20).map(|_| fails(ms(0)));
    let script = |limit| {
        move || Script::new(steps(), [1, 2, 4, 8].map(secs)).retry(|it| it.give_up_after(limit))
    };
    let (exact, result) = both(script(secs(7))).await;
    assert_eq!(
        (exact.attempts(), result),
        (vec![0, 1_000, 3_000, 7_000], Err("refused"))
    );
    // One delay earlier: it is not cut.
    let (short, _) = both(script(ms(6_999))).await;
    assert_eq!(short.attempts(), [0, 1_000, 3_000]);
    assert_eq!(short.of(&["stopped"]), ["3000 stopped GaveUp refused"]);
    let (none, _) = both(script(ms(0))).await;
    assert_eq!(none.attempts(), [0]);
}

#[tokio::test(start_paused = true)]
async fn give_up_after_cuts_neither_a_connect_nor_a_connection() {
    let script = || {
        let steps = [fails(ms(0)), up(secs(9)).takes(secs(30)), fails(ms(0))];
        Script::new(steps, [1, 1, 1].map(secs)).retry(|it| it.give_up_after(secs(5)))
    };
    let (log, result) = both(script).await;
    assert_eq!((log.attempts(), result), (vec![0, 1_000], Err("lost")));
    assert_eq!(log.of(&["stopped"]), ["40000 stopped GaveUp lost"]);
}

/// Row 57: no client comes earlier than it was asked to, and they spread.
#[test]
fn a_hint_is_capped_first_and_then_up_to_a_tenth_is_added() {
    let mut retry = Retry::new(vec![secs(1); 4_000]).hint_at_most(secs(10));
    let mut asked = |hint| match retry.on_failure_asked(Failure::new("busy"), Some(hint)) {
        RetryResult::After(delay) => delay,
        other => panic!("{other:?}"),
    };
    for (hint, from, to) in [
        (secs(2), ms(2_000), ms(2_200)),
        (secs(10), ms(10_000), ms(11_000)),
        (Duration::MAX, ms(10_000), ms(11_000)),
        (ms(0), ms(0), ms(0)),
    ] {
        let delays: Vec<_> = (0..1_000).map(|_| asked(hint)).collect();
        assert!(delays.iter().all(|delay| (from..=to).contains(delay)));
        let spread = delays
            .iter()
            .max()
            .unwrap()
            .abs_diff(*delays.iter().min().unwrap());
        assert!(spread >= to.abs_diff(from) / 10 * 9, "{hint:?} {spread:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn starting_with_tells_connected_and_not_connecting_and_its_loss_is_failure_one() {
    let script = Script::new([fails(secs(1)), ends(ms(0), End::Exit)], [1, 2].map(secs));
    let log = script.log();
    let first = connection(up(secs(5)), &log);
    script.runner().starting_with(first).run().await.unwrap();
    assert_eq!(
        log.events(),
        [
            "0 connected",
            "0 ready",
            "5000 failed 1 Some(5000) 0: lost",
            "5000 waiting 1000 2",
            "6000 connecting 2",
            "7000 failed 2 None 2000: refused",
            "7000 waiting 2000 3",
            "9000 connecting 3",
            "9000 connected",
            "9000 ready",
            "9000 ending Exit",
            "9000 stopped Exit -",
        ]
    );
    assert_eq!(log.failures()[0].elapsed, secs(5));
}

#[tokio::test(start_paused = true)]
async fn starting_with_and_a_shutdown_before_the_first_poll_runs_no_handler() {
    let script = Script::new([], []);
    let log = script.log();
    let first = connection(serves(async |_| panic!("was run")), &log);
    let runner = script.runner().starting_with(first);
    runner.handle().shutdown();
    runner.run().await.unwrap();
    assert_eq!(log.events(), ["0 stopped Shutdown -"]);
    assert_eq!(log.live(), 0);
}

/// Rows 23, 25: before the first poll.
#[tokio::test(start_paused = true)]
async fn requests_before_the_first_poll_are_satisfied_by_the_first_attempt() {
    for ask in [
        schmoozer_core::Handle::retry_now,
        schmoozer_core::Handle::reconnect,
        schmoozer_core::Handle::renew,
    ] {
        let script = Script::new([fails(secs(5)), stays()], [secs(3)]);
        let log = script.log();
        let runner = script.steered().runner();
        let handle = runner.handle();
        ask(&handle);
        let task = tokio::spawn(runner.run());
        sleep(secs(60)).await;
        // Neither restarted at 1 s, nor hurried at 5 s, nor dropped at 8 s.
        assert_eq!(log.attempts(), [0, 8_000]);
        assert_eq!(handle.stats().connections, 1);
        handle.shutdown();
        task.await.unwrap().unwrap();
    }
    let script = Script::new([stays()], []);
    let log = script.log();
    let runner = script.runner();
    runner.handle().shutdown();
    runner.run().await.unwrap();
    assert_eq!(log.events(), ["0 stopped Shutdown -"]);
}

/// Row 23: a shutdown that comes within `connect`'s own poll.
#[tokio::test(start_paused = true)]
async fn a_shutdown_within_the_poll_of_connect_starts_no_handler() {
    // By the handle, and by the shutdown future.
    for by_handle in [true, false] {
        let (tell, told) = oneshot::channel::<()>();
        let asked = Arc::new(Mutex::new(Some(tell)));
        let handle = Arc::new(Mutex::new(None::<schmoozer_core::Handle>));
        let (stop, steer) = (Arc::clone(&asked), Arc::clone(&handle));
        let connector = schmoozer_core::connector_fn(
            move || {
                if by_handle {
                    steer.lock().unwrap().as_ref().unwrap().shutdown();
                } else {
                    drop(stop.lock().unwrap().take());
                }
                std::future::ready(Ok::<_, &str>(()))
            },
            async |(), _| -> Result<End, &str> { panic!("was run") },
            [secs(1)],
        );
        let runner = checked(connector).shutdown(async {
            // Resolves when the sender is dropped.
            let _ = told.await;
        });
        *handle.lock().unwrap() = Some(runner.handle());
        let watched = runner.handle();
        assert_eq!(runner.run().await, Ok(()));
        assert_eq!(watched.stopped().await.why, schmoozer_core::Why::Shutdown);
        assert_eq!(watched.stats().connections, 0);
        drop(asked);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hung_login_is_left_alone() {
    let (log, handle, task) = Script::new([deaf()], []).ready_when_marked().spawn();
    sleep(secs(86_400)).await;
    assert_eq!(log.events(), ["0 connecting 1", "0 connected"]);
    assert_eq!(handle.status().to_string(), "connected for 1d, not ready");
    handle.shutdown();
    task.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_in_an_outage_is_ok_and_its_cause_is_the_last_failure() {
    // While connecting, while it waits, and on a connection that is not stable.
    for at in [ms(500), ms(1_500), ms(3_500)] {
        let script = Script::new(
            [fails(secs(1)), fails(secs(1)), up(secs(60))],
            vec![ms(500); 3],
        );
        let (log, handle, task) = script.spawn();
        sleep(ms(1_000) + at).await;
        handle.shutdown();
        assert_eq!(task.await.unwrap(), Ok(()));
        assert_eq!(log.now(), crate::scene::millis(ms(1_000) + at));
        assert_eq!(handle.stopped().await.cause.as_deref(), Some("refused"));
        assert_eq!(handle.stopped().await.why, schmoozer_core::Why::Shutdown);
    }
}
