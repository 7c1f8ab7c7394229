//! Tasks that wait for the connection, asking at every moment.

use schmoozer_core::{Delays, Handle, NotConnected, Runner, Stopped};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::event_order::EventOrder;
use crate::script::{Script, Step, checked, ms, secs};

/// Refused at 1 s, 4 s and 7 s; connected from 9 s to 19 s; given up on with the failure at 22 s.
fn spawn() -> (Handle, tokio::task::JoinHandle<Result<(), &'static str>>) {
    let steps = [
        Step::Fails(secs(1)),
        Step::Fails(secs(1)),
        Step::Fails(secs(1)),
        Step::Up(secs(10)),
        Step::Fails(secs(1)),
    ];
    let delays = Delays::new(vec![secs(2); 4]).reset_after(secs(1_000));
    checked(Script::new(steps, delays)).spawn()
}

/// When the loop fails, in milliseconds.
const FAILURES: [u64; 5] = [1_000, 4_000, 7_000, 19_000, 22_000];
const CONNECTED: u64 = 9_000;
const LOST: u64 = 19_000;
const STOPPED: u64 = 22_000;

/// When, and with what, a waiter that asks at `asked` and bears `limit` failures must be answered.
fn expected(asked: u64, limit: Option<u32>) -> (u64, Result<(), NotConnected>) {
    let connected = (asked < LOST).then_some(asked.max(CONNECTED));
    let failed = limit.and_then(|limit| {
        let borne = FAILURES.into_iter().filter(|at| *at > asked);
        borne
            .clone()
            .nth(usize::try_from(limit.max(1) - 1).unwrap())
    });
    match (connected, failed, limit) {
        (Some(connected), Some(failed), _) if connected < failed => (connected, Ok(())),
        (Some(connected), None, _) => (connected, Ok(())),
        (_, Some(failed), Some(failures)) => {
            let cause = if failed == LOST { "lost" } else { "refused" }.to_owned();
            let failures = failures.max(1);
            (failed, Err(NotConnected::Failed { failures, cause }))
        }
        _ => (STOPPED.max(asked), Err(NotConnected::Stopped)),
    }
}

/// Row 29: waiters at every moment, with a limit of failures.
#[tokio::test(start_paused = true)]
async fn each_is_answered_exactly_once_whenever_it_asks() {
    let begin = Instant::now();
    let (handle, task) = spawn();
    let mut waiters = JoinSet::new();
    // Off the moments at which something happens, so that what comes first is certain.
    for asked in (0..25_000).step_by(500).map(|at| at + 250) {
        for limit in [None, Some(0), Some(1), Some(2), Some(3), Some(4), Some(9)] {
            let handle = handle.clone();
            waiters.spawn(async move {
                sleep(ms(asked)).await;
                let answer = match limit {
                    Some(failures) => handle.connected_or(failures).await,
                    None => handle
                        .connected()
                        .await
                        .map_err(|Stopped| NotConnected::Stopped),
                };
                let at = u64::try_from(begin.elapsed().as_millis()).unwrap();
                assert_eq!(
                    (at, answer),
                    expected(asked, limit),
                    "asked at {asked}, {limit:?}"
                );
            });
        }
    }
    assert_eq!(waiters.len(), 350);
    while let Some(waiter) = waiters.join_next().await {
        waiter.unwrap();
    }
    assert_eq!(task.await.unwrap(), Err("refused"));
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_asks_before_the_loop_is_polled_is_answered() {
    let script = Script::new([Step::Up(secs(1))], Delays::new(vec![]));
    let runner = checked(script);
    let handle = runner.handle();
    let waiter = tokio::spawn(async move { handle.connected().await });
    tokio::task::yield_now().await;
    assert_eq!(runner.run().await, Err("lost"));
    assert_eq!(waiter.await.unwrap(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_end_was_asked_for_does_not_count() {
    let steps = [
        Step::Up(secs(60)),
        Step::Fails(secs(1)),
        Step::Up(secs(60)),
        Step::Fails(secs(1)),
        Step::Up(secs(60)),
    ];
    let script = Script::new(steps, Delays::new(vec![secs(2)]));
    let (handle, task) = checked(script).grace(secs(5)).spawn();
    handle.connected().await.unwrap();

    let begin = Instant::now();
    handle.reconnect();
    assert_eq!(handle.connected().await, Ok(()));
    assert_eq!((begin.elapsed(), handle.stats().connections), (secs(3), 2));
    handle.reconnect();
    let failed = handle.connected_or(1).await;
    assert!(
        matches!(failed, Err(NotConnected::Failed { .. })),
        "{failed:?}"
    );
    handle.connected().await.unwrap();

    let begin = Instant::now();
    handle.shutdown();
    assert_eq!(handle.connected().await, Err(Stopped));
    assert_eq!(begin.elapsed(), secs(5));
    assert_eq!(task.await.unwrap(), Ok(()));
}

/// Row 29: waiters on several threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_lost_among_threads() {
    for _ in 0..50 {
        let steps = [Step::Fails(ms(1)), Step::Up(secs(60))];
        let script = Script::new(steps, Delays::new(vec![ms(1); 2]));
        let (handle, task) = Runner::new(script)
            .observer(EventOrder::within(secs(10)).waits_may_be_cut())
            .spawn();
        let mut waiters = JoinSet::new();
        for _ in 0..32 {
            let handle = handle.clone();
            waiters.spawn(async move { handle.connected().await });
        }
        while let Some(answer) = waiters.join_next().await {
            assert_eq!(answer.unwrap(), Ok(()));
        }
        let stopping: Vec<_> = (0..8)
            .map(|_| {
                let handle = handle.clone();
                tokio::spawn(async move {
                    handle.retry_now();
                    handle.shutdown();
                    handle
                        .watch()
                        .wait_for(|status| *status == schmoozer_core::Status::Stopped)
                        .await
                        .map(|_| ())
                })
            })
            .collect();
        assert_eq!(task.await.unwrap(), Ok(()));
        for stopper in stopping {
            stopper.await.unwrap().unwrap();
        }
    }
}
