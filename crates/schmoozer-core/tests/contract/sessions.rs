//! A session belongs to one connection: what is late counts for none.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use schmoozer_core::{End, Session};
use tokio::time::{sleep, timeout};

use crate::scene::{Script, ms, secs, serves, stays};

/// Row 60: a mark from an old connection.
#[tokio::test(start_paused = true)]
async fn what_is_said_on_an_old_session_changes_nothing_of_the_next() {
    let kept = Arc::new(Mutex::new(Vec::<Session>::new()));
    let keep = Arc::clone(&kept);
    let first = serves(async move |session: Session| {
        keep.lock().unwrap().push(session);
        Err("lost")
    });
    let (log, handle, task) = Script::new([first, stays(), stays()], [secs(1)])
        .ready_when_marked()
        .spawn();
    sleep(secs(5)).await;
    let old = kept.lock().unwrap()[0].clone();
    old.ready();
    old.renew();
    sleep(secs(60)).await;
    assert_eq!(log.of(&["ready", "stable", "ending"]), [""; 0]);
    assert_eq!(log.attempts(), [0, 1_000]);
    assert!(!old.was_stable());
    assert_eq!(old.stopping().await, End::Exit);
    handle.shutdown();
    task.await.unwrap().unwrap();
}

/// Row 60: a mark from a late task, also while `retry_delay` decides.
#[tokio::test(start_paused = true)]
async fn a_mark_that_comes_during_the_decision_counts_for_none() {
    let late = || {
        serves(async |session: Session| {
            tokio::spawn(async move {
                sleep(ms(500)).await;
                session.ready();
            });
            Err("lost")
        })
    };
    let script = Script::new([late(), late(), stays()], [secs(1), secs(1)])
        .ready_when_marked()
        .decides(secs(1));
    let (log, _, task) = script.spawn();
    sleep(secs(60)).await;
    assert_eq!(log.of(&["ready", "stable"]), [""; 0]);
    assert!(log.failures().iter().all(|failure| !failure.stable));
    task.abort();
}

/// Row 60: a valid mark is kept, whatever comes after it.
#[tokio::test(start_paused = true)]
async fn a_valid_mark_is_kept() {
    let marks = serves(async |session: Session| {
        let other = session.clone();
        tokio::spawn(async move { other.ready() }).await.unwrap();
        let again = session.clone();
        tokio::spawn(async move {
            for _ in 0..40 {
                sleep(ms(500)).await;
                again.ready();
            }
        });
        sleep(secs(10)).await;
        Err("lost")
    });
    let (log, _, task) = Script::new([marks, stays()], [secs(1)])
        .ready_when_marked()
        .decides(secs(1))
        .spawn();
    sleep(secs(60)).await;
    assert_eq!(log.of(&["ready", "stable"]), ["0 ready", "10000 stable"]);
    assert!(log.failures()[0].stable);
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn one_that_was_told_to_end_cannot_become_ready() {
    let late = serves(async |session: Session| {
        session.renew();
        session.ready();
        Ok(session.stopping().await)
    });
    let (log, handle, task) = Script::new([late, stays()], []).ready_when_marked().spawn();
    let waiter = timeout(secs(5), handle.connected()).await;
    assert!(waiter.is_err(), "{waiter:?}");
    assert_eq!(log.of(&["ready"]), [""; 0]);
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn stopping_says_how_it_ended_also_after_the_end() {
    let (give, given) = mpsc::channel::<Session>();
    let step = |told: bool, end: fn(&Session) -> crate::scene::Fate| {
        let give = give.clone();
        serves(async move |session: Session| {
            give.send(session.clone()).unwrap();
            sleep(secs(20)).await;
            if told {
                session.renew();
            }
            end(&session)
        })
    };
    let steps = [
        step(false, |_| Err("lost")),
        step(true, |_| Ok(End::Renew)),
        step(true, |_| Err("broken pipe")),
        step(false, |_| Ok(End::Renew)),
        step(false, |_| Ok(End::Exit)),
    ];
    Script::new(steps, [secs(1)]).runner().run().await.unwrap();
    let ends = [End::Exit, End::Renew, End::Renew, End::Renew, End::Exit];
    for (nth, end) in ends.into_iter().enumerate() {
        let session = given.recv().unwrap();
        assert_eq!(session.stopping().await, end, "connection {nth}");
    }
}

/// A task that waits beside the handler learns of the end.
#[tokio::test(start_paused = true)]
async fn a_task_that_waits_for_the_end_is_woken_by_every_kind_of_it() {
    let waits = |result: crate::scene::Fate, seen: &Arc<Mutex<Vec<End>>>| {
        let seen = Arc::clone(seen);
        serves(async move |session: Session| {
            tokio::spawn(async move {
                let end = session.stopping().await;
                seen.lock().unwrap().push(end);
            });
            sleep(secs(20)).await;
            result
        })
    };
    let seen = Arc::default();
    let steps = [waits(Err("lost"), &seen), waits(Ok(End::Exit), &seen)];
    Script::new(steps, [secs(1)]).runner().run().await.unwrap();
    sleep(ms(1)).await;
    assert_eq!(*seen.lock().unwrap(), [End::Exit, End::Exit]);
}

/// A wait that began in the loop's task, which needs no waker of its own there, and goes on in another task.
#[tokio::test(start_paused = true)]
async fn a_wait_for_the_end_may_move_to_another_task() {
    let seen = Arc::new(Mutex::new(None));
    let see = Arc::clone(&seen);
    let step = serves(async move |session: Session| {
        let waits = session.clone();
        let mut wait = Box::pin(async move { waits.stopping().await });
        let pending = std::future::poll_fn(|cx| Poll::Ready(wait.as_mut().poll(cx).is_pending()));
        assert!(pending.await);
        tokio::spawn(async move { *see.lock().unwrap() = Some(wait.await) });
        // It does not ask again itself.
        std::future::pending().await
    });
    let (_, handle, task) = Script::new([step], []).spawn();
    sleep(secs(1)).await;
    handle.shutdown();
    sleep(ms(1)).await;
    assert_eq!(*seen.lock().unwrap(), Some(End::Exit));
    task.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_dropped_loop_ends_its_session() {
    let (give, given) = mpsc::channel::<Session>();
    let step = serves(async move |session: Session| {
        give.send(session).unwrap();
        std::future::pending().await
    });
    let (_, _, task) = Script::new([step], []).spawn();
    sleep(secs(20)).await;
    let session = given.recv().unwrap();
    task.abort();
    sleep(ms(1)).await;
    assert_eq!(session.stopping().await, End::Exit);
    assert!(session.was_stable());
    // The clock of a connection that is gone stands still.
    sleep(secs(60)).await;
    assert!(session.was_stable());
}

#[tokio::test(start_paused = true)]
async fn was_stable_is_about_the_time_until_the_end() {
    let (give, given) = mpsc::channel::<Session>();
    let step = |uptime| {
        let give = give.clone();
        serves(async move |session: Session| {
            assert!(!session.was_stable());
            sleep(uptime).await;
            give.send(session).unwrap();
            Err("lost")
        })
    };
    let steps = [step(ms(9_999)), step(ms(10_000))];
    Script::new(steps, [secs(1); 2])
        .runner()
        .run()
        .await
        .unwrap();
    sleep(secs(60)).await;
    assert!(!given.recv().unwrap().was_stable());
    assert!(given.recv().unwrap().was_stable());
}

#[tokio::test(start_paused = true)]
async fn ids_increase_and_are_unique_over_all_loops() {
    let (give, given) = mpsc::channel();
    let step = || {
        let give = give.clone();
        serves(async move |session: Session| {
            give.send(session.id()).unwrap();
            Err("lost")
        })
    };
    let script = || Script::new((0..10).map(|_| step()), vec![ms(10); 10]);
    let (one, other) = (script().runner().run(), script().runner().run());
    let (one, other) = tokio::join!(one, other);
    let plain = schmoozer_core::run(script()).await;
    one.and(other).and(plain).unwrap();
    let ids: Vec<u64> = given.try_iter().collect();
    assert_eq!(ids.len(), 30);
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    assert!(Session::detached().id() > ids[29]);
}

#[tokio::test(start_paused = true)]
async fn a_detached_session_serves_a_handler_without_a_loop() {
    let session = Session::detached();
    assert!(timeout(secs(1), session.stopping()).await.is_err());
    session.ready();
    sleep(ms(9_999)).await;
    assert!(!session.was_stable());
    sleep(ms(1)).await;
    assert!(session.was_stable());
    session.renew();
    assert_eq!(session.stopping().await, End::Renew);
    assert_ne!(Session::detached().id(), Session::detached().id());
}
