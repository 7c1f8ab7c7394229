//! The life of a connection: connected, ready, stable, and the outages between stable connections.

use schmoozer_core::{End, Status};
use tokio::time::sleep;

use crate::scene::{Script, both, ends, fails, ms, secs, serves, up};

#[tokio::test(start_paused = true)]
async fn a_connection_is_ready_when_connected_and_stable_ten_seconds_later() {
    let (log, result) = both(|| Script::new([up(secs(12))], [secs(1)])).await;
    assert_eq!(
        log.events(),
        [
            "0 connecting 1",
            "0 connected",
            "0 ready",
            "10000 stable",
            "12000 failed 1 Some(12000) 0: lost",
            "12000 waiting 1000 2",
            "13000 connecting 2",
            "13000 stopped Exit -",
        ]
    );
    assert_eq!(result, Ok(()));
    assert!(log.failures()[0].stable);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_marked_is_ready_and_stable_from_the_mark() {
    let login = || {
        serves(async |session| {
            sleep(secs(3)).await;
            session.ready();
            sleep(secs(2)).await;
            // Only the first call counts.
            session.ready();
            sleep(secs(9)).await;
            Err("lost")
        })
    };
    let (log, _) = both(|| Script::new([login()], [secs(1)]).ready_when_marked()).await;
    assert_eq!(
        log.of(&["connected", "ready", "stable", "failed"]),
        [
            "0 connected",
            "3000 ready",
            "13000 stable",
            "14000 failed 1 Some(14000) 0: lost"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_outage_lasts_from_its_first_failure_until_the_stable_connection_became_ready() {
    let login = || {
        serves(async |session| {
            sleep(secs(2)).await;
            session.ready();
            sleep(secs(20)).await;
            Err("lost")
        })
    };
    let script = || {
        let steps = [fails(secs(1)), fails(secs(1)), login(), fails(secs(1))];
        Script::new(steps, [secs(1), secs(2), secs(4)]).ready_when_marked()
    };
    let (log, _) = both(script).await;
    // Fails at 1 s and 3 s, connects at 5 s, is ready at 7 s, stable at 17 s, lost at 27 s.
    assert_eq!(
        log.of(&["connecting", "failed", "stable"]),
        [
            "0 connecting 1",
            "1000 failed 1 None 0: refused",
            "2000 connecting 2",
            "3000 failed 2 None 2000: refused",
            "5000 connecting 3",
            "17000 stable after 6000 and 3 attempts: refused, refused",
            "27000 failed 1 Some(22000) 0: lost",
            // The delays have restarted, and the numbers.
            "28000 connecting 2",
            "29000 failed 2 None 2000: refused",
            "31000 connecting 3",
        ]
    );
    let outages: Vec<_> = log.failures().iter().map(|it| it.outage).collect();
    assert_eq!(outages, [secs(0), secs(2), secs(0), secs(2)]);
    let elapsed: Vec<_> = log.failures().iter().map(|it| it.elapsed).collect();
    assert_eq!(elapsed, [secs(1), secs(1), secs(22), secs(1)]);
}

/// Row 37: the peer takes the login and closes; a connection that is ready and not stable ends no outage.
#[tokio::test(start_paused = true)]
async fn a_login_that_is_taken_and_then_closed_meets_growing_delays_until_it_is_given_up() {
    let kicked = || {
        serves(async |session| {
            session.ready();
            sleep(ms(100)).await;
            Err("kicked")
        })
    };
    let script = || {
        let steps = (0..20).map(|_| kicked());
        Script::new(steps, [1, 2, 4, 8, 16, 32].map(secs))
            .ready_when_marked()
            .retry(|retry| retry.give_up_after(secs(20)))
    };
    let (log, result) = both(script).await;
    assert_eq!(result, Err("kicked"));
    // At 15.5 s, 16 s more would be too many.
    assert_eq!(log.attempts(), [0, 1_100, 3_200, 7_300, 15_400]);
    let attempts: Vec<_> = log.failures().iter().map(|it| it.attempt).collect();
    assert_eq!(attempts, [1, 2, 3, 4, 5]);
    assert!(log.failures().iter().all(|failure| !failure.stable));
    assert_eq!(log.of(&["stable"]), [""; 0]);
    assert_eq!(log.of(&["stopped"]), ["15500 stopped GaveUp kicked"]);
}

/// Row 38: the peer accepts and stays silent for longer than a stable connection takes.
#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_not_ready_so_the_delays_grow_and_the_give_up_clock_goes_on() {
    let script = || {
        Script::new((0..20).map(|_| up(secs(15))), [1, 2, 4, 8].map(secs))
            .ready_when_marked()
            .retry(|retry| retry.give_up_after(secs(40)))
    };
    let (log, result) = both(script).await;
    assert_eq!(result, Err("lost"));
    assert_eq!(log.attempts(), [0, 16_000, 33_000, 52_000]);
    assert_eq!(log.of(&["ready", "stable"]), [""; 0]);
    assert_eq!(
        log.of(&["failed"]),
        [
            "15000 failed 1 Some(15000) 0: lost",
            "31000 failed 2 Some(15000) 16000: lost",
            "48000 failed 3 Some(15000) 33000: lost",
            "67000 failed 4 Some(15000) 52000: lost",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_planned_end_is_no_failure_and_begins_no_outage() {
    let script = Script::new(
        [ends(secs(60), End::Renew), ends(secs(60), End::Exit)],
        [secs(1)],
    );
    let (log, handle, task) = script.spawn();
    sleep(secs(30)).await;
    // The connection that is up counts as well.
    assert_eq!(handle.stats().uptime, secs(30));
    task.await.unwrap().unwrap();
    assert_eq!(handle.stats().uptime, secs(120));
    assert_eq!(log.failures(), []);
    assert_eq!(handle.stats().failures, 0);
    assert_eq!(handle.stats().outages, 0);
    assert_eq!(handle.stats().connections, 2);
    assert_eq!(handle.outage(), None);
    assert_eq!(
        log.of(&["connecting", "ending", "stopped"]).len(),
        5,
        "two attempts, two ends, and the last event"
    );
}

/// Rows 37, 38: the handle tells the same story.
#[tokio::test(start_paused = true)]
async fn the_status_and_the_outage_follow_the_life() {
    let login = serves(async |session| {
        sleep(secs(2)).await;
        session.ready();
        sleep(secs(60)).await;
        Err("lost")
    });
    let (log, handle, _task) = Script::new([fails(secs(1)), login], [secs(3), secs(3)])
        .ready_when_marked()
        .spawn();
    assert_eq!(handle.status(), Status::Connecting { attempt: 1 });
    sleep(ms(1_500)).await;
    let Status::Waiting {
        until: Some(until),
        attempt: 2,
        cause: Some(cause),
    } = handle.status()
    else {
        panic!("{:?}", handle.status());
    };
    assert_eq!((log.now(), cause.as_str()), (1_500, "refused"));
    assert_eq!(until.duration_since(tokio::time::Instant::now()), ms(2_500));
    let connected = |ready, stable| move |status: Status| matches!(status, Status::Connected { ready: r, stable: s, .. } if (r, s) == (ready, stable));
    sleep(secs(4)).await; // connected since 4 s
    assert!(connected(false, false)(handle.status()));
    sleep(secs(1)).await; // ready since 6 s
    assert!(connected(true, false)(handle.status()));
    // The outage goes on, and its length stands still since 6 s.
    let outage = handle.outage().unwrap();
    assert_eq!((outage.length, outage.attempts), (secs(5), 1));
    assert!(handle.stats().outage_since.is_some());
    sleep(secs(10)).await; // stable since 16 s
    assert!(connected(true, true)(handle.status()));
    assert_eq!(handle.outage(), None);
    assert_eq!(handle.stats().outage_since, None);
    assert_eq!(handle.stats().outages, 1);
}

#[tokio::test(start_paused = true)]
async fn stable_after_zero_makes_every_ready_connection_stable() {
    let script = || Script::new([up(ms(0)), up(ms(0)), up(ms(0))], [secs(1)]).stable_after(ms(0));
    let (log, result) = both(script).await;
    // Each outage draws its first delay.
    assert_eq!(
        (log.attempts(), result),
        (vec![0, 1_000, 2_000, 3_000], Ok(()))
    );
    assert!(log.failures().iter().all(|it| it.stable && it.attempt == 1));
}
