//! Planned ends: of a handler, a session, a handle, and an age.

use std::future::pending;

use schmoozer_core::{End, Handle, Session, connector_fn, run};
use schmoozer_faults::Checker;
use tokio::time::{Instant, sleep};

use crate::checked::checked_by;
use crate::scene::{Script, both, deaf, ends, fails, ms, secs, serves, stays, up};

/// The two ways in which the connection's own side asks for a planned end.
fn renews(after: std::time::Duration, by_session: bool) -> crate::scene::Step {
    serves(async move |session: Session| {
        sleep(after).await;
        if by_session {
            session.renew();
            pending::<()>().await;
        }
        Ok(End::Renew)
    })
}

/// Row 55: many clients that are renewed at once come back over a second.
#[tokio::test(start_paused = true)]
async fn after_a_stable_connection_the_next_attempt_starts_within_a_second_at_random() {
    for by_session in [false, true] {
        for full in [false, true] {
            let mut waits = Vec::new();
            for _ in 0..300 {
                let script = Script::new([renews(secs(10), by_session)], []);
                let log = script.log();
                if full {
                    script.runner().run().await.unwrap();
                } else {
                    run(script).await.unwrap();
                }
                waits.push(log.attempts()[1] - 10_000);
            }
            // The timer may be 1 ms late.
            assert!(waits.iter().all(|wait| *wait <= 1_001), "{waits:?}");
            assert!(waits.iter().any(|wait| *wait < 100), "{waits:?}");
            assert!(waits.iter().any(|wait| *wait > 900), "{waits:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_stable_is_renewed_when_it_would_have_been() {
    for by_session in [false, true] {
        let script = || {
            Script::new(
                [renews(secs(3), by_session), renews(ms(9_999), by_session)],
                [],
            )
        };
        let (log, _) = both(script).await;
        assert_eq!(log.attempts(), [0, 10_000, 20_000]);
        assert_eq!(log.failures(), []);
        assert_eq!(
            log.of(&["ending", "waiting"]),
            [
                "3000 ending Renew",
                "3000 waiting 7000 1",
                "19999 ending Renew",
                "19999 waiting 1 1"
            ]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_was_never_ready_is_renewed_that_time_after_its_end() {
    for by_session in [false, true] {
        let script = || {
            Script::new([renews(secs(30), by_session)], [])
                .ready_when_marked()
                .stable_after(secs(4))
        };
        let (log, _) = both(script).await;
        assert_eq!(log.attempts(), [0, 34_000]);
    }
}

/// Row 55: no hot loop where a server asks everybody to go away at once.
#[tokio::test(start_paused = true)]
async fn a_server_that_says_go_away_at_once_meets_one_attempt_in_stable_after() {
    let script = || Script::new((0..360).map(|_| ends(ms(0), End::Renew)), []);
    let (log, _) = both(script).await;
    assert_eq!(log.now(), 3_600_000);
    assert_eq!(log.failures(), []);
    assert_eq!(log.of(&["failed"]), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_outage_and_its_clocks_go_on_over_an_early_renewal() {
    let script = || {
        let steps = [
            fails(ms(0)),
            renews(secs(2), true),
            fails(ms(0)),
            up(secs(1)),
            fails(ms(0)),
        ];
        Script::new(steps, [1, 2, 4, 8].map(secs)).retry(|it| it.give_up_after(secs(20)))
    };
    let (log, result) = both(script).await;
    assert_eq!(result, Err("refused"));
    // Connected at 1 s, renewed at 3 s, next at 11 s, then 2 s, 4 s, and no 8 s.
    assert_eq!(log.attempts(), [0, 1_000, 11_000, 13_000, 18_000]);
    assert_eq!(
        log.of(&["failed"]),
        [
            "0 failed 1 None 0: refused",
            "11000 failed 3 None 11000: refused",
            "14000 failed 4 Some(1000) 14000: lost",
            "18000 failed 5 None 18000: refused",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_renewal_of_a_stable_connection_that_ended_an_outage_begins_none() {
    let script = Script::new(
        [fails(ms(0)), ends(secs(10), End::Renew), fails(ms(0))],
        [secs(1), secs(5)],
    );
    let (log, _, task) = script.spawn();
    task.await.unwrap().unwrap();
    let failed = log.of(&["failed"]);
    assert_eq!(failed.len(), 2);
    assert!(failed[1].contains("failed 1 None 0"), "{failed:?}");
    // The policy has restarted: 1 s and not 5 s.
    assert_eq!(log.of(&["waiting 1000 2"]).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_handles_renewal_tells_the_handler_and_connects_at_once() {
    for stable in [ms(1_500), secs(60)] {
        let (log, handle, task) = Script::new([stays(), stays()], []).spawn();
        sleep(stable).await;
        handle.renew();
        sleep(ms(50)).await;
        let at = crate::scene::millis(stable);
        assert_eq!(log.attempts(), [0, at]);
        assert_eq!(
            log.of(&["ending", "failed", "waiting"]),
            [format!("{at} ending Renew")]
        );
        assert_eq!(log.failures(), []);
        handle.shutdown();
        task.await.unwrap().unwrap();
    }
}

/// Row 56: what is under way at a renewal finishes within the grace; a session's, a handle's, and by age.
#[tokio::test(start_paused = true)]
async fn a_request_under_way_finishes_within_the_grace_of_every_planned_end() {
    let busy = || {
        serves(async |session| {
            let end = session.stopping().await;
            sleep(ms(50)).await;
            Ok(end)
        })
    };
    // By the handle.
    let (log, handle, _task) = Script::new([busy(), stays()], []).spawn();
    sleep(secs(20)).await;
    handle.renew();
    sleep(secs(1)).await;
    assert_eq!(log.attempts(), [0, 20_050]);
    // By age.
    let script = Script::new([busy()], []);
    let log = script.log();
    script.runner().max_age(secs(100)).run().await.unwrap();
    let ending = log.of(&["ending", "waiting"]);
    let at = |line: &str| line.split_once(' ').unwrap().0.parse::<u64>().unwrap();
    assert_eq!(at(&ending[1]) - at(&ending[0]), 50, "{ending:?}");
}

#[tokio::test(start_paused = true)]
async fn the_age_is_drawn_from_nine_tenths_up_and_never_comes_before_stable() {
    let mut ages = Vec::new();
    for _ in 0..300 {
        let script = Script::new([stays()], []);
        let log = script.log();
        script.runner().max_age(secs(100)).run().await.unwrap();
        let ending = log.of(&["ending Renew"]);
        ages.push(ending[0].split_once(' ').unwrap().0.parse::<u64>().unwrap());
    }
    assert!(
        ages.iter().all(|age| (90_000..=100_001).contains(age)),
        "{ages:?}"
    );
    assert!(ages.iter().any(|age| *age < 91_000) && ages.iter().any(|age| *age > 99_000));

    // Ready at 8 s, stable at 18 s.
    let login = serves(async |session: Session| {
        sleep(secs(8)).await;
        session.ready();
        Ok(session.stopping().await)
    });
    let script = Script::new([login], []).ready_when_marked();
    let log = script.log();
    script.runner().max_age(secs(5)).run().await.unwrap();
    assert_eq!(
        log.of(&["ready", "stable", "ending"]),
        ["8000 ready", "18000 stable", "18000 ending Renew"]
    );

    // One that is never ready is never renewed.
    let script = Script::new([up(secs(1_000))], []).ready_when_marked();
    let log = script.log();
    script.runner().max_age(secs(5)).run().await.unwrap_err();
    assert_eq!(log.of(&["ending"]), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_error_after_a_renewal_is_no_failure() {
    // In the plain loop as in the full one; the grace is that of a handler that has asked.
    for full in [false, true] {
        let asks_first = serves(async |session: Session| {
            tokio::select! {
                end = session.stopping() => { sleep(secs(1)).await; let _ = end; Err("broken pipe") }
                never = async { sleep(secs(20)).await; session.renew(); pending().await } => never,
            }
        });
        let script = Script::new([asks_first], []);
        let log = script.log();
        if full {
            script.runner().run().await.unwrap();
        } else {
            run(script).await.unwrap();
        }
        assert_eq!(log.failures(), []);
        assert!(
            (21_000..=22_001).contains(&log.attempts()[1]),
            "{:?}",
            log.attempts()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_exits_after_a_renewal_ends_the_loop() {
    for full in [false, true] {
        let exits = serves(async |session: Session| {
            session.renew();
            session.stopping().await;
            Ok(End::Exit)
        });
        let script = Script::new([exits, stays()], []);
        let log = script.log();
        if full {
            script.runner().run().await.unwrap();
            assert_eq!(log.of(&["stopped"]), ["0 stopped Exit -"]);
        } else {
            run(script).await.unwrap();
        }
        assert_eq!(log.attempts(), [0]);
    }
}

/// Row 56: the grace is five seconds for a handler that has asked, and none for any other.
#[tokio::test(start_paused = true)]
async fn without_a_grace_that_was_set_a_handler_has_five_seconds_if_it_has_asked() {
    let asks_and_stays = || {
        serves(async |session: Session| {
            sleep(secs(20)).await;
            let late = session.clone();
            tokio::spawn(async move { late.renew() });
            session.stopping().await;
            pending().await
        })
    };
    let never_asks = || {
        serves(async |session: Session| {
            sleep(secs(20)).await;
            tokio::spawn(async move { session.renew() });
            pending().await
        })
    };
    for full in [false, true] {
        for (step, from) in [(asks_and_stays(), 25_000), (never_asks(), 20_000)] {
            let script = Script::new([step], []);
            let log = script.log();
            if full {
                script.runner().run().await.unwrap();
            } else {
                run(script).await.unwrap();
            }
            let next = log.attempts()[1];
            assert!((from..=from + 1_001).contains(&next), "{full} {next}");
        }
    }
    // One that was set holds for every handler.
    let script = Script::new([deaf(), stays()], []);
    let log = script.log();
    let runner = script.steered().runner().grace(secs(30));
    let handle = runner.handle();
    let _task = tokio::spawn(runner.run());
    sleep(secs(5)).await;
    handle.renew();
    sleep(secs(60)).await;
    assert_eq!(log.attempts(), [0, 35_000]);
}

/// Asking on the session of an earlier connection gives the next one no grace.
#[tokio::test(start_paused = true)]
async fn the_grace_of_a_handler_that_asked_is_that_of_its_own_session() {
    let asks_once = serves(async |session: Session| {
        let asked = tokio::time::timeout(ms(1), session.stopping()).await;
        assert!(asked.is_err());
        Err("lost")
    });
    let (log, handle, _task) = Script::new([asks_once, deaf(), stays()], [secs(1)]).spawn();
    sleep(secs(5)).await;
    handle.renew();
    sleep(secs(1)).await;
    assert_eq!(log.attempts(), [0, 1_001, 5_000]);
}

#[tokio::test(start_paused = true)]
async fn one_that_becomes_stable_while_it_says_goodbye_was_stable() {
    let slow = serves(async |session: Session| {
        sleep(secs(9)).await;
        session.renew();
        let end = session.stopping().await;
        sleep(secs(3)).await;
        Ok(end)
    });
    let (log, _, task) = Script::new([fails(ms(0)), slow], [secs(1)]).spawn();
    task.await.unwrap().unwrap();
    assert_eq!(
        log.of(&["ending Renew", "stable", "failed"]),
        [
            "0 failed 1 None 0: refused",
            "10000 ending Renew",
            "11000 stable after 1000 and 2 attempts: refused, refused",
        ]
    );
    let next = log.attempts()[2];
    assert!((13_000..=14_001).contains(&next), "{next}");
}

#[tokio::test(start_paused = true)]
async fn callers_that_renew_many_share_a_pacer() {
    let pacer = schmoozer_core::Pacer::every(secs(2), 1).unwrap();
    let begin = Instant::now();
    let attempts = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let handles: Vec<Handle> = (0..10)
        .map(|_| {
            let attempts = std::sync::Arc::clone(&attempts);
            let connect = move || {
                attempts.lock().unwrap().push(begin.elapsed().as_secs());
                std::future::ready(Ok::<_, &str>(()))
            };
            let serve = async |(), session: Session| Ok(session.stopping().await);
            let runner = checked_by(
                &Checker::exact().with_requests().held_up(),
                connector_fn(connect, serve, [secs(1)]),
            )
            .pacer(pacer.clone());
            let handle = runner.handle();
            tokio::spawn(runner.run());
            handle
        })
        .collect();
    sleep(secs(100)).await;
    attempts.lock().unwrap().clear();
    handles.iter().for_each(Handle::renew);
    sleep(secs(100)).await;
    let expected: Vec<u64> = (0..10).map(|nth| 100 + 2 * nth).collect();
    assert_eq!(*attempts.lock().unwrap(), expected);
}
