use std::sync::{Arc, Mutex};

use schmoozer_core::{
    ConnResult, Connector, Delays, Event, Failure, Handle, NotConnected, RetryResult, RunResult,
    Runner, Status, Stopped, connector_fn,
};
use tokio::time::{Instant, sleep, timeout};

use crate::event_order::EventOrder;
use crate::script::{Script, Step, checked, ms, secs};

type Attempts = Arc<Mutex<Vec<u64>>>;

fn spawn(
    steps: &[Step],
    delay: u64,
) -> (
    Handle,
    Attempts,
    tokio::task::JoinHandle<Result<(), &'static str>>,
) {
    let script = Script::new(steps.to_vec(), Delays::new(vec![secs(delay); 100]));
    let attempts = Arc::clone(&script.attempts);
    let (handle, task) = Runner::new(script)
        .observer(EventOrder::exact().waits_may_be_cut())
        .spawn();
    (handle, attempts, task)
}

#[tokio::test(start_paused = true)]
async fn a_handle_answers_right_in_each_state() {
    let begin = Instant::now();
    let (handle, _, task) = spawn(
        &[
            Step::Fails(secs(1)),
            Step::Up(secs(20)),
            Step::Exits(Ok(())),
        ],
        2,
    );
    assert_eq!(handle.status(), Status::Connecting { attempt: 0 });
    sleep(ms(500)).await;
    assert_eq!(handle.status(), Status::Connecting { attempt: 1 });
    sleep(ms(1_000)).await;
    let waiting = Status::Waiting {
        until: begin + secs(3),
        attempt: 1,
        cause: "refused".to_owned(),
    };
    assert_eq!(handle.status(), waiting);
    assert_eq!(handle.stats().outage_since, Some(begin + secs(1)));
    sleep(ms(2_500)).await;
    assert_eq!(
        handle.status(),
        Status::Connected {
            since: begin + secs(3)
        }
    );
    sleep(secs(10)).await;
    let stats = handle.stats();
    assert_eq!((stats.outage_since, stats.uptime), (None, secs(11)));
    task.await.unwrap().unwrap();
    assert_eq!(handle.status(), Status::Stopped);
    let stats = handle.stats();
    assert_eq!(
        (
            stats.attempts,
            stats.connections,
            stats.failures,
            stats.outages
        ),
        (3, 2, 2, 2)
    );
    assert_eq!(stats.uptime, secs(20));
    assert_eq!(handle.connected().await, Err(Stopped));
    assert_eq!(handle.connected_or(3).await, Err(NotConnected::Stopped));
    handle.retry_now();
    handle.reconnect();
    handle.shutdown();
}

#[tokio::test(start_paused = true)]
async fn watch_sees_each_state() {
    let (handle, _, task) = spawn(
        &[Step::Fails(secs(1)), Step::Up(secs(1)), Step::Exits(Ok(()))],
        1,
    );
    let mut watch = handle.watch();
    let mut seen = Vec::new();
    loop {
        let status = watch.borrow_and_update().clone();
        seen.push(match status {
            Status::Connecting { attempt } => attempt.to_string(),
            Status::Connected { .. } => "connected".to_owned(),
            Status::Waiting { cause, .. } => cause,
            _ => break,
        });
        watch.changed().await.unwrap();
    }
    assert_eq!(seen, ["0", "1", "refused", "connected", "lost"]);
    task.await.unwrap().unwrap();
}

/// Row 25: many `retry_now` end one wait.
#[tokio::test(start_paused = true)]
async fn retry_now_cuts_one_wait_and_is_never_kept() {
    let (handle, attempts, task) = spawn(&[Step::Fails(secs(1))], 100);
    handle.retry_now();
    sleep(ms(500)).await;
    handle.retry_now();
    sleep(secs(2)).await;
    assert_eq!(*attempts.lock().unwrap(), [0]);
    for _ in 0..5 {
        handle.retry_now();
    }
    sleep(secs(50)).await;
    assert_eq!(*attempts.lock().unwrap(), [0, 2_500]);
    handle.shutdown();
    assert_eq!(task.await.unwrap(), Ok(()));
}

/// Row 26: `reconnect` while connected.
#[tokio::test(start_paused = true)]
async fn reconnect_drops_the_connection_and_dials_at_once() {
    // The script asserts at each connect that no connection is live.
    let steps = [Step::Up(secs(50)), Step::Up(secs(50)), Step::Fails(secs(0))];
    let (handle, attempts, task) = spawn(&steps, 100);
    sleep(secs(5)).await;
    handle.reconnect();
    handle.reconnect();
    sleep(secs(5)).await;
    assert_eq!(*attempts.lock().unwrap(), [0, 5_000]);
    assert_eq!(handle.stats().failures, 0);
    handle.reconnect();
    sleep(secs(5)).await;
    handle.reconnect();
    sleep(ms(1)).await;
    assert_eq!(*attempts.lock().unwrap(), [0, 5_000, 10_000, 15_000]);
    handle.shutdown();
    task.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn waiters_are_answered_on_the_connection_the_nth_failure_and_the_stop() {
    let steps = [
        Step::Fails(secs(1)),
        Step::Fails(secs(1)),
        Step::Up(secs(20)),
    ];
    let (handle, _, task) = spawn(&steps, 1);
    let begin = Instant::now();
    let failed = handle.connected_or(2).await.unwrap_err();
    assert_eq!(
        failed,
        NotConnected::Failed {
            failures: 2,
            cause: "refused".to_owned()
        }
    );
    assert_eq!(begin.elapsed(), secs(3));
    let (a, b) = tokio::join!(handle.connected(), handle.connected_or(1));
    assert_eq!((a, b, begin.elapsed()), (Ok(()), Ok(()), secs(4)));
    handle.connected().await.unwrap();
    assert_eq!(begin.elapsed(), secs(4));
    handle.shutdown();
    task.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_panic_leaves_nobody_waiting() {
    let connect = || async {
        sleep(secs(1)).await;
        assert!(!Instant::now().elapsed().is_zero(), "from connect");
        Ok::<(), &str>(())
    };
    let (handle, task) = checked(connector_fn(connect, |()| async { Ok(()) }, [secs(1)])).spawn();
    assert_eq!(handle.connected().await, Err(Stopped));
    assert_eq!(handle.status(), Status::Stopped);
    assert!(task.await.unwrap_err().is_panic());
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_is_never_run_has_stopped() {
    let runner = checked(Script::new([Step::Fails(secs(1))], Delays::new(vec![])));
    let handle = runner.handle();
    assert_eq!(handle.status(), Status::Connecting { attempt: 0 });
    drop(runner);
    assert_eq!(handle.status(), Status::Stopped);
}

/// Row 28: all handles are dropped.
#[tokio::test(start_paused = true)]
async fn the_loop_goes_on_without_its_handles() {
    let (handle, attempts, task) = spawn(&[Step::Fails(secs(1))], 1);
    drop(handle);
    assert!(timeout(secs(9), task).await.is_err());
    assert_eq!(attempts.lock().unwrap().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn the_delays_start_afresh_after_a_reconnect_that_was_asked_for() {
    let steps = [
        Step::Fails(ms(0)),
        Step::Fails(ms(0)),
        Step::Up(secs(50)),
        Step::Fails(ms(0)),
    ];
    let delays = Delays::new(vec![secs(1), secs(2), secs(60)]);
    let script = Script::new(steps, delays);
    let attempts = Arc::clone(&script.attempts);
    let (handle, task) = checked(script).spawn();
    sleep(secs(5)).await;
    handle.reconnect();
    sleep(secs(4)).await;
    assert_eq!(
        *attempts.lock().unwrap(),
        [0, 1_000, 3_000, 5_000, 6_000, 8_000]
    );
    handle.shutdown();
    task.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_handle_knows_the_outage_as_observers_do() {
    let begin = Instant::now();
    let steps = [
        Step::Up(secs(20)),
        Step::Fails(secs(1)),
        Step::Up(secs(20)),
        Step::Exits(Ok(())),
    ];
    let (handle, _, task) = spawn(&steps, 2);
    sleep(secs(10)).await;
    assert_eq!(handle.outage(), None);
    sleep(secs(11)).await;
    let outage = handle.outage().expect("the connection was lost");
    assert_eq!((outage.since, outage.length), (begin + secs(20), secs(1)));
    assert_eq!(outage.attempts, 0);
    sleep(secs(3)).await;
    let outage = handle.outage().expect("the connect failed");
    assert_eq!((outage.since, outage.length), (begin + secs(20), secs(4)));
    assert_eq!(outage.attempts, 1);
    let causes = (&*outage.first_cause, &*outage.last_cause);
    assert_eq!(causes, ("lost", "refused"));
    sleep(secs(12)).await;
    assert_eq!(handle.outage(), None);
    task.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_there_with_its_first_failure_and_ends_with_the_loop() {
    let script = Script::new([Step::Fails(secs(1))], Delays::new(vec![secs(2); 2]));
    let runner = checked(script);
    let (handle, asking) = (runner.handle(), runner.handle());
    let mut seen = Vec::new();
    let runner = runner.observer(|event: &Event<'_>| {
        let outage = asking.outage();
        match *event {
            Event::Failed { attempt, .. } => {
                let outage = outage.expect("an outage");
                assert_eq!(
                    (&*outage.first_cause, outage.attempts),
                    ("refused", attempt)
                );
            }
            Event::Stopped { outage: told, .. } => assert_eq!(outage.as_ref(), told),
            _ => {}
        }
        seen.push(handle.stats().outages);
    });
    assert_eq!(runner.run().await, Err("refused"));
    assert_eq!(seen[..3], [0, 1, 1]);
    sleep(secs(3_600)).await;
    assert_eq!(handle.outage().unwrap().length, secs(6));
}

/// Of a clock that goes on between one line and the next.
#[tokio::test]
async fn an_outage_began_for_handles_when_it_began_for_observers() {
    let script = Script::new([Step::Fails(ms(1))], Delays::new(vec![ms(1)]));
    let runner = Runner::new(script).observer(EventOrder::within(secs(10)));
    let handle = runner.handle();
    let mut told = None;
    let runner = runner.observer(|event: &Event<'_>| {
        if let Event::OutageBegan { outage } = event {
            told = Some(outage.since);
        }
    });
    assert_eq!(runner.run().await, Err("refused"));
    assert_eq!(handle.outage().map(|outage| outage.since), told);
}

#[tokio::test(start_paused = true)]
async fn the_text_of_a_cause_may_ask_the_handle() {
    struct Asks(Arc<Mutex<Option<Handle>>>);
    impl std::fmt::Display for Asks {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            let handle = self.0.lock().unwrap();
            let stats = handle.as_ref().unwrap().stats();
            write!(f, "failed in attempt {}", stats.attempts)
        }
    }
    let handle = Arc::default();
    let connect = || std::future::ready(Err::<(), _>(Asks(Arc::clone(&handle))));
    let runner = checked(connector_fn(connect, async |()| Ok(()), [secs(1)]));
    *handle.lock().unwrap() = Some(runner.handle());
    let asking = runner.handle();
    let (answer, _) = tokio::join!(asking.connected_or(1), runner.run());
    let failed = NotConnected::Failed {
        failures: 1,
        cause: "failed in attempt 1".to_owned(),
    };
    assert_eq!(answer, Err(failed));
}

#[test]
fn a_runner_is_sync_where_its_connector_is() {
    fn is_sync(_: &impl Sync) {}
    struct Never;
    impl Connector for Never {
        type Connection = ();
        type Error = &'static str;
        async fn connect(&mut self) -> ConnResult<(), &'static str> {
            ConnResult::Exit(Ok(()))
        }
        async fn run(&mut self, (): ()) -> RunResult<&'static str> {
            RunResult::Exit(Ok(()))
        }
        async fn retry_delay(
            &mut self,
            failure: Failure<&'static str>,
        ) -> RetryResult<&'static str> {
            RetryResult::Exit(Err(failure.cause))
        }
    }
    is_sync(&Runner::new(Never));
}
