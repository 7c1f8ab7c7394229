//! Rule 2: requests hold, in every state, however many there are.

use schmoozer_core::{Handle, Pacer, Session, Status};
use tokio::time::sleep;

use crate::scene::{Log, Script, fails, hangs, ms, secs, serves, stays, up};

const ASKS: [fn(&Handle); 3] = [Handle::retry_now, Handle::reconnect, Handle::renew];

/// What is seen within five minutes of a script of which something is asked at this time, a thousand times.
async fn asked(script: Script, at: u64, ask: fn(&Handle)) -> Log {
    let (log, handle, task) = script.spawn();
    sleep(ms(at)).await;
    for _ in 0..1_000 {
        ask(&handle);
    }
    sleep(secs(300)).await;
    task.abort();
    log
}

/// Row 25: in a wait.
#[tokio::test(start_paused = true)]
async fn in_a_wait_every_request_starts_the_next_attempt_at_once_and_one_only() {
    for ask in ASKS {
        let steps = [fails(secs(1)), fails(secs(1)), stays()];
        let log = asked(Script::new(steps, [60, 60].map(secs)), 30_000, ask).await;
        assert_eq!(log.attempts(), [0, 30_000, 91_000]);
    }
}

/// Rows 25, 52: while an attempt is under way, before and after it has run for a second.
#[tokio::test(start_paused = true)]
async fn an_attempt_under_way_is_restarted_once_it_has_run_for_a_second() {
    for ask in ASKS {
        for (at, restarted) in [(1, 1_000), (999, 1_000), (1_000, 1_000), (40_000, 40_000)] {
            let log = asked(Script::new([hangs(), stays()], []), at, ask).await;
            assert_eq!(log.attempts(), [0, restarted], "asked at {at}");
            assert_eq!(log.failures(), []);
            assert_eq!(log.of(&["connected"]).len(), 1);
        }
    }
}

/// Row 52: it fails before that second is over.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_fails_after_a_request_is_followed_by_the_next_at_once() {
    for ask in ASKS {
        let steps = [fails(ms(700)), stays()];
        let log = asked(Script::new(steps, [secs(60)]), 500, ask).await;
        assert_eq!(log.attempts(), [0, 700]);
    }
}

/// Row 25: a connection that comes up satisfies what was asked, but a reconnect, which drops it.
#[tokio::test(start_paused = true)]
async fn a_connection_that_comes_up_satisfies_all_but_a_reconnect() {
    for ask in [Handle::retry_now, Handle::renew] {
        let steps = [stays().takes(ms(700)), stays()];
        let log = asked(Script::new(steps, []), 500, ask).await;
        assert_eq!(log.attempts(), [0]);
        assert_eq!(log.of(&["ending", "reconnecting"]), [""; 0]);
    }
    let steps = [stays().takes(ms(700)), stays()];
    let log = asked(Script::new(steps, []), 500, Handle::reconnect).await;
    assert_eq!(log.attempts(), [0, 700]);
    assert_eq!(log.failures(), []);
}

/// Row 52: an attempt that a request started is not restarted; the request holds until it ends.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_a_request_started_is_left_alone() {
    for ask in ASKS {
        let steps = [fails(ms(0)), fails(secs(20)), stays()];
        let (log, handle, task) = Script::new(steps, [60, 60].map(secs)).spawn();
        sleep(secs(5)).await;
        ask(&handle);
        sleep(secs(10)).await;
        ask(&handle);
        sleep(secs(100)).await;
        assert_eq!(log.attempts(), [0, 5_000, 25_000]);
        task.abort();
    }
}

/// A connection that is about to end is none that a request would find.
#[tokio::test(start_paused = true)]
async fn a_request_while_a_connection_says_goodbye_holds() {
    let goodbye = serves(async |session: Session| {
        session.renew();
        let end = session.stopping().await;
        sleep(secs(2)).await;
        Ok(end)
    });
    let log = asked(
        Script::new([goodbye, stays()], []),
        1_000,
        Handle::retry_now,
    )
    .await;
    assert_eq!(log.attempts(), [0, 2_000]);
}

/// Rows 25, 52: while `retry_delay` still decides.
#[tokio::test(start_paused = true)]
async fn a_slow_decision_is_cut_short_and_its_delay_does_not_come_back() {
    for ask in ASKS {
        let steps = [fails(secs(1)), stays()];
        let script = Script::new(steps, [secs(60)]).decides(secs(30));
        let log = asked(script, 5_000, ask).await;
        assert_eq!(log.attempts(), [0, 5_000]);
    }
}

/// Row 53: a request that may not start an attempt yet cuts no decision short, and so the retries may end.
#[tokio::test(start_paused = true)]
async fn a_decision_goes_on_while_requests_may_start_no_attempt() {
    let steps = [fails(ms(0)), fails(ms(0)), stays()];
    let script = Script::new(steps, [secs(60)]).decides(ms(400));
    let (log, handle, task) = script.spawn();
    sleep(secs(10)).await;
    handle.retry_now();
    sleep(ms(100)).await;
    handle.retry_now();
    assert_eq!(task.await.unwrap(), Err("refused"));
    assert_eq!(log.attempts(), [0, 10_000]);
}

/// Row 52: each time the status says `Waiting`, a request leads to an attempt.
#[tokio::test(start_paused = true)]
async fn a_request_after_waiting_was_shown_is_never_lost() {
    let steps = (0..200).map(|nth| fails(ms(nth % 3)));
    let (log, handle, task) = Script::new(steps, vec![secs(60); 200]).spawn();
    let mut watch = handle.watch();
    for round in 0..100 {
        let is_waiting = |status: &Status| matches!(status, Status::Waiting { .. });
        watch.wait_for(is_waiting).await.unwrap();
        let attempts = log.attempts().len();
        let asked = log.now();
        handle.retry_now();
        watch
            .wait_for(|status| matches!(status, Status::Connecting { .. }))
            .await
            .unwrap();
        while log.attempts().len() == attempts {
            sleep(ms(1)).await;
        }
        let waited = log.attempts()[attempts] - asked;
        assert!(waited <= 1_000, "round {round} waited for {waited} ms");
        sleep(ms(10)).await;
    }
    task.abort();
}

/// Row 26: the old connection is gone before the next is dialed, which the script checks.
#[tokio::test(start_paused = true)]
async fn a_reconnect_drops_the_connection_and_connects_at_once() {
    let log = asked(
        Script::new([up(secs(60)), stays()], []),
        5_000,
        Handle::reconnect,
    )
    .await;
    assert_eq!(log.attempts(), [0, 5_000]);
    assert_eq!(log.failures(), []);
    // There is nothing to retry.
    let log = asked(
        Script::new([up(secs(60)), stays()], [secs(1)]),
        5_000,
        Handle::retry_now,
    )
    .await;
    assert_eq!(log.attempts(), [0, 61_000]);
}

/// Row 51: however many tasks find one connection broken.
#[tokio::test(start_paused = true)]
async fn fifty_tasks_that_find_one_connection_broken_replace_it_once() {
    let (log, handle, task) =
        Script::new([stays().takes(ms(30)), stays().takes(ms(30)), stays()], []).spawn();
    let broken = handle.connected().await.unwrap();
    sleep(secs(5)).await;
    let tasks: Vec<_> = (0..50)
        .map(|nth| {
            let handle = handle.clone();
            tokio::spawn(async move {
                sleep(ms(20 * nth)).await;
                handle.reconnect_if(broken);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    sleep(secs(60)).await;
    assert_eq!(log.attempts(), [0, 5_030]);
    let next = handle.connected().await.unwrap();
    assert!(next > broken);
    // An id that never was, and one that is yet to come.
    handle.reconnect_if(0);
    handle.reconnect_if(next + 1);
    sleep(secs(60)).await;
    assert_eq!(log.attempts().len(), 2);
    handle.reconnect_if(next);
    sleep(secs(1)).await;
    assert_eq!(log.attempts().len(), 3);
    task.abort();
}

/// Row 53: a hundred tasks that ask ten times a second while the server is down.
#[tokio::test(start_paused = true)]
async fn requests_start_at_most_one_attempt_a_second() {
    for ask in ASKS {
        let steps = (0..2_000).map(|_| fails(ms(5)));
        let (log, handle, task) = Script::new(steps, vec![secs(600); 2_000]).spawn();
        for _ in 0..100 {
            let handle = handle.clone();
            tokio::spawn(async move {
                for _ in 0..600 {
                    ask(&handle);
                    sleep(ms(100)).await;
                }
            });
        }
        sleep(secs(59)).await;
        let attempts = log.attempts();
        task.abort();
        // The first one was not asked for; the first request came as it was under way, and `min_interval` holds.
        assert_eq!(attempts[..3], [0, 10, 1_010]);
        assert!((59..=61).contains(&attempts.len()), "{}", attempts.len());
        let apart = attempts[1..]
            .windows(2)
            .all(|pair| pair[1] - pair[0] >= 1_000);
        assert!(apart, "{attempts:?}");
    }
}

/// Row 53: the same while connections come up: each reconnect drops one, and no more than one a second.
#[tokio::test(start_paused = true)]
async fn reconnects_of_connections_start_at_most_one_attempt_a_second() {
    let (log, handle, task) = Script::new((0..100).map(|_| stays()), []).spawn();
    sleep(secs(20)).await;
    for _ in 0..200 {
        handle.reconnect();
        sleep(ms(50)).await;
    }
    let attempts = log.attempts();
    task.abort();
    assert_eq!(attempts[..3], [0, 20_000, 21_000]);
    assert_eq!(attempts.len(), 11);
}

/// Row 53: the limit is one of requests; the policy's own attempts go on between them.
#[tokio::test(start_paused = true)]
async fn the_policys_attempts_do_not_wait_for_the_second_of_a_request() {
    let steps = (0..20).map(|_| fails(ms(0)));
    let (log, handle, task) = Script::new(steps, vec![ms(300); 20]).spawn();
    sleep(ms(100)).await;
    handle.retry_now();
    sleep(ms(50)).await;
    handle.retry_now();
    sleep(ms(1_000)).await;
    let attempts = log.attempts();
    task.abort();
    assert_eq!(attempts, [0, 100, 400, 700, 1_000]);
}

/// Rows 25, 31: a pacer still applies, also to what was asked for.
#[tokio::test(start_paused = true)]
async fn a_pacer_holds_what_was_asked_for_too() {
    for ask in ASKS {
        let steps = [fails(ms(0)), fails(ms(0)), stays()];
        let script = Script::new(steps, [secs(60); 3]).steered().held_up();
        let log = script.log();
        let pacer = Pacer::every(secs(20), 1).unwrap();
        let runner = script.runner().pacer(pacer);
        let handle = runner.handle();
        let task = tokio::spawn(runner.run());
        sleep(secs(5)).await;
        ask(&handle);
        sleep(ms(1)).await;
        // Waiting for the pacer is waiting.
        let Status::Waiting {
            until: Some(until),
            attempt: 2,
            ..
        } = handle.status()
        else {
            panic!("{:?}", handle.status());
        };
        assert_eq!(
            until.duration_since(tokio::time::Instant::now()),
            ms(14_999)
        );
        sleep(secs(20)).await;
        // Again, while it waits for the pacer: satisfied by the attempt that comes.
        ask(&handle);
        sleep(ms(5_001)).await;
        assert_eq!(log.attempts(), [0, 20_000]);
        sleep(secs(100)).await;
        assert_eq!(log.attempts(), [0, 20_000, 40_000]);
        task.abort();
    }
}

/// Row 25: `min_interval` holds for requests as for anything.
#[tokio::test(start_paused = true)]
async fn min_interval_holds_whatever_is_asked() {
    let steps = [fails(ms(0)), fails(ms(0)), stays(), stays()];
    let script = Script::new(steps, [secs(60); 3]).min_interval(secs(5));
    let (log, handle, task) = script.spawn();
    sleep(secs(1)).await;
    handle.retry_now();
    sleep(secs(1)).await;
    assert!(matches!(
        handle.status(),
        Status::Waiting { until: Some(_), .. }
    ));
    sleep(secs(5)).await;
    handle.retry_now();
    sleep(secs(6)).await;
    handle.reconnect();
    sleep(secs(60)).await;
    assert_eq!(log.attempts(), [0, 5_000, 10_000, 15_000]);
    task.abort();
}

/// A restart must not leave the loop without an attempt for longer than the attempt had run.
#[tokio::test(start_paused = true)]
async fn a_restart_waits_for_min_interval_with_the_attempt_still_under_way() {
    let steps = [stays().takes(secs(3)), stays()];
    let script = Script::new(steps, []).min_interval(secs(5));
    let (log, handle, task) = script.spawn();
    sleep(ms(500)).await;
    handle.retry_now();
    sleep(secs(60)).await;
    // It came up at 3 s, which satisfies the request.
    assert_eq!(log.attempts(), [0]);
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn the_guard_stops_the_loop_when_it_is_dropped_and_not_before() {
    let (log, handle, task) = Script::new([stays()], []).spawn();
    let guard = handle.shutdown_on_drop();
    sleep(secs(60)).await;
    assert_eq!(log.live(), 1);
    drop(guard);
    assert_eq!(task.await.unwrap(), Ok(()));
    assert_eq!(log.now(), 60_000);
}

/// Row 25: after the end, nothing happens.
#[tokio::test(start_paused = true)]
async fn requests_after_the_end_change_nothing() {
    let (log, handle, task) = Script::new([], []).spawn();
    task.await.unwrap().unwrap();
    let events = log.events();
    for ask in ASKS {
        ask(&handle);
    }
    handle.shutdown();
    sleep(secs(60)).await;
    assert_eq!(log.events(), events);
    assert_eq!(handle.stopped().await.why, schmoozer_core::Why::Exit);
}
