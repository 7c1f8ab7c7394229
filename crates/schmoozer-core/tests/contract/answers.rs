//! What those receive that wait for a connection, or for the end.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use schmoozer_core::{NotConnected, Session, Why};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::checked::checked;
use crate::scene::{Script, ends, fails, ms, secs, serves, stays, up};

/// Refused at 1 s, 4 s and 7 s; up from 9 s to 19 s; given up on with the failure at 22 s.
fn script() -> Script {
    let steps = [
        fails(secs(1)),
        fails(secs(1)),
        fails(secs(1)),
        up(secs(10)),
        fails(secs(1)),
    ];
    Script::new(steps, [secs(2); 4]).stable_after(secs(1_000))
}

const FAILURES: [u64; 5] = [1_000, 4_000, 7_000, 19_000, 22_000];

/// When, and with what, a waiter that asks at `asked` and bears `limit` failures must be answered.
fn expected(asked: u64, limit: Option<u32>) -> (u64, String) {
    let connected = (asked < 19_000).then_some(asked.max(9_000));
    let failed = limit.and_then(|limit| {
        let nth = usize::try_from(limit.max(1) - 1).unwrap();
        FAILURES.into_iter().filter(|at| *at > asked).nth(nth)
    });
    match (connected, failed) {
        (Some(connected), failed) if failed.is_none_or(|failed| connected < failed) => {
            (connected, "connected".to_owned())
        }
        (_, Some(failed)) => {
            let cause = if failed == 19_000 { "lost" } else { "refused" };
            (
                failed,
                format!("{} failures: {cause}", limit.unwrap().max(1)),
            )
        }
        _ => (22_000.max(asked), "GaveUp: refused".to_owned()),
    }
}

/// Row 29: each is answered exactly once, whenever it asks, and whatever it bears.
#[tokio::test(start_paused = true)]
async fn waiters_at_every_moment_are_answered_when_and_as_they_must_be() {
    let (log, handle, task) = script().spawn();
    let mut waiters = JoinSet::new();
    for asked in (0..25_000).step_by(500).map(|at| at + 250) {
        for limit in [None, Some(0), Some(1), Some(2), Some(3), Some(4), Some(9)] {
            let (handle, log) = (handle.clone(), log.clone());
            waiters.spawn(async move {
                sleep(ms(asked)).await;
                let answer = match limit {
                    Some(failures) => handle.connected_or_fail(failures).await,
                    None => handle.connected().await.map_err(NotConnected::Stopped),
                };
                let text = match answer {
                    Ok(_) => "connected".to_owned(),
                    Err(NotConnected::Failed {
                        failures, cause, ..
                    }) => {
                        format!("{failures} failures: {cause}")
                    }
                    Err(NotConnected::Stopped(stopped)) => {
                        format!("{:?}: {}", stopped.why, stopped.cause.unwrap())
                    }
                    Err(other) => panic!("{other:?}"),
                };
                assert_eq!(
                    (log.now(), text),
                    expected(asked, limit),
                    "{asked} {limit:?}"
                );
            });
        }
    }
    assert_eq!(waiters.len(), 350);
    waiters.join_all().await;
    assert_eq!(task.await.unwrap(), Err("refused"));
}

/// Rows 29, 38: they wait for ready, and receive the id.
#[tokio::test(start_paused = true)]
async fn connected_waits_for_ready_and_returns_the_id() {
    let login = serves(async |session: Session| {
        sleep(secs(3)).await;
        session.ready();
        session.stopping().await;
        Err("lost")
    });
    let (log, handle, task) = Script::new([up(secs(2)), login], [secs(1)])
        .ready_when_marked()
        .spawn();
    let id = handle.connected().await.unwrap();
    assert_eq!(log.now(), 6_000);
    let schmoozer_core::Status::Connected {
        id: shown,
        ready: true,
        ..
    } = handle.status()
    else {
        panic!("{:?}", handle.status());
    };
    assert_eq!(id, shown);
    assert_eq!(handle.connected_or_fail(1).await, Ok(id));
    task.abort();
}

/// Row 29: a connection that is about to end does not count.
#[tokio::test(start_paused = true)]
async fn a_connection_that_was_told_to_end_is_no_answer() {
    let slow_goodbye = || {
        serves(async |session: Session| {
            let end = session.stopping().await;
            sleep(secs(2)).await;
            Ok(end)
        })
    };
    let (log, handle, task) = Script::new([slow_goodbye(), slow_goodbye(), stays()], []).spawn();
    let first = handle.connected().await.unwrap();
    sleep(secs(20)).await;
    handle.renew();
    let second = handle.connected().await.unwrap();
    assert_eq!((log.now(), second > first), (22_000, true));
    handle.reconnect();
    let third = handle.connected().await.unwrap();
    assert!(third > second);
    handle.shutdown();
    let stopped = handle.connected().await.unwrap_err();
    assert_eq!((stopped.why, stopped.cause), (Why::Shutdown, None));
    task.await.unwrap().unwrap();
}

/// Row 29: failed connects, failed logins and lost connections count, from the call on; renewals do not.
#[tokio::test(start_paused = true)]
async fn the_failures_that_count_are_those_after_the_call() {
    let script = || {
        let renewed = ends(secs(1), schmoozer_core::End::Renew);
        let steps = [
            fails(secs(1)),
            up(secs(1)),
            renewed,
            fails(secs(1)),
            fails(secs(1)),
        ];
        Script::new(steps, vec![secs(1); 9])
            .ready_when_marked()
            .stable_after(secs(1))
    };
    // Fails at 1 s; login fails at 3 s; renewed at 5 s, again at 6 s; fails at 7 s, and at 9 s.
    for (asked, limit, answered) in [
        (0, 1, 1_000),
        (0, 2, 3_000),
        (0, 3, 7_000),
        (2_000, 1, 3_000),
        (2_000, 2, 7_000),
        (4_500, 1, 7_000),
        (4_500, 2, 9_000),
    ] {
        let (log, handle, task) = script().spawn();
        sleep(ms(asked)).await;
        let answer = handle.connected_or_fail(limit).await;
        assert_eq!(log.now(), answered, "{asked} {limit}");
        let Err(NotConnected::Failed {
            failures, cause, ..
        }) = answer
        else {
            panic!("{answer:?}");
        };
        let last = if answered == 3_000 { "lost" } else { "refused" };
        assert_eq!((failures, cause.as_str()), (limit, last));
        task.abort();
    }
}

/// What is counted is from the call, not from the first poll.
#[tokio::test(start_paused = true)]
async fn a_waiter_that_is_polled_late_is_answered_about_the_time_since_its_call() {
    let (log, handle, task) =
        Script::new([fails(secs(1)), fails(secs(1)), stays()], [secs(9); 3]).spawn();
    let waiter = handle.connected_or_fail(1);
    sleep(secs(5)).await;
    assert!(waiter.await.is_err());
    assert_eq!(log.now(), 5_000);
    task.abort();
}

/// Row 54: a final error before anybody was connected.
#[tokio::test(start_paused = true)]
async fn the_waiter_is_told_which_error_ended_the_loop() {
    let connector = schmoozer_core::connector_fn(
        async || Ok::<_, String>(()),
        async |(), _session: Session| Err::<schmoozer_core::End, _>("wrong password".to_owned()),
        [secs(1); 9],
    )
    .ready_when_marked()
    .retry_if(|failure| failure.cause != "wrong password");
    let seen = Arc::new(std::sync::Mutex::new(String::new()));
    let last = Arc::clone(&seen);
    let runner =
        checked(connector).on_event(move |event| *last.lock().unwrap() = event.to_string());
    let handle = runner.handle();
    let task = tokio::spawn(runner.run());
    let answer = handle.connected_or_fail(3).await;
    let Err(NotConnected::Stopped(stopped)) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(stopped.why, Why::Final);
    assert_eq!(
        stopped.to_string(),
        "ended by a final error: wrong password"
    );
    assert_eq!(handle.stopped().await, stopped);
    assert_eq!(handle.connected().await, Err(stopped.clone()));
    assert_eq!(handle.status().to_string(), stopped.to_string());
    assert_eq!(*seen.lock().unwrap(), stopped.to_string());
    assert_eq!(task.await.unwrap(), Err("wrong password".to_owned()));
}

/// Counts how often it is woken.
struct Counts(AtomicUsize);

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Row 29: a failure wakes those that it answers.
#[tokio::test(start_paused = true)]
async fn waiters_that_need_not_look_are_not_woken() {
    let (_, handle, task) = Script::new((0..200).map(|_| fails(ms(0))), vec![secs(1); 200]).spawn();
    let counts = Arc::new(Counts(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&counts));
    let mut cx = Context::from_waker(&waker);
    {
        let mut forever: Vec<_> = (0..100).map(|_| Box::pin(handle.connected())).collect();
        let mut patient: Vec<_> = (0..100)
            .map(|_| Box::pin(handle.connected_or_fail(1_000)))
            .collect();
        for waiter in &mut forever {
            assert!(waiter.as_mut().poll(&mut cx).is_pending());
        }
        for waiter in &mut patient {
            assert!(waiter.as_mut().poll(&mut cx).is_pending());
        }
        sleep(ms(50_500)).await;
        assert_eq!(counts.0.load(Ordering::SeqCst), 0);
    }
    let mut third = pin!(handle.connected_or_fail(3));
    assert!(third.as_mut().poll(&mut cx).is_pending());
    sleep(secs(2)).await;
    assert_eq!(counts.0.load(Ordering::SeqCst), 0);
    sleep(secs(1)).await;
    assert_eq!(counts.0.load(Ordering::SeqCst), 1);
    assert!(matches!(third.as_mut().poll(&mut cx), Poll::Ready(Err(_))));
    task.abort();
}

/// Row 29: who asked before a connection, and looks after it, is told that there was one.
#[tokio::test(start_paused = true)]
async fn a_connection_that_came_and_went_before_the_answer_was_looked_at_is_the_answer() {
    let script = Script::new([up(secs(1))], [secs(3600)]);
    let (log, handle, task) = script.spawn();
    let asked = handle.connected_or_fail(9);
    sleep(secs(2)).await;
    assert_eq!(log.of(&["ready", "failed"]).len(), 2);
    assert!(asked.await.is_ok());
    // Who asks now waits for the next one.
    assert!(timeout(secs(60), handle.connected()).await.is_err());
    task.abort();
}
