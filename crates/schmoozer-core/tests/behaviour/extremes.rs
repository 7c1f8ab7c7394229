use std::time::Duration;

use schmoozer_core::{End, Lifecycle, NotConnected, Retry, Status, Why, connector_fn};
use schmoozer_faults::{Checker, Script, Step};
use tokio::time::{Instant, sleep};

use crate::checked::{checked, checked_by, ms, secs};

const REFUSED: Step = Step::fails(Duration::ZERO);

/// Row 22: `Duration::MAX` as a bound.
#[tokio::test(start_paused = true)]
async fn bounds_without_end_change_nothing() {
    let retry = Retry::new([secs(1); 5]).give_up_after(Duration::MAX);
    let steps = [
        REFUSED,
        Step::up(secs(1_000_000)),
        REFUSED,
        Step::exits(Ok(())),
    ];
    let lifecycle = Lifecycle::new().stable_after(Duration::MAX);
    let script = Script::new(steps, retry).lifecycle(lifecycle);
    let log = script.log();
    let checker = Checker::exact().stable_after(Duration::MAX);
    let runner = checked_by(&checker, script)
        .grace(Duration::MAX)
        .max_age(Duration::MAX);
    runner.run().await.unwrap();
    assert_eq!(log.attempts(), [0, 1, 1_000_002, 1_000_003].map(secs));
    assert_eq!(checker.tally().recoveries, []);
}

/// Row 22: `Duration::MAX` as the connect timeout.
#[tokio::test(start_paused = true)]
async fn a_connect_timeout_without_end_is_none() {
    let begun = Instant::now();
    let connector = connector_fn(
        || async {
            sleep(secs(1_000_000)).await;
            std::io::Result::Ok(())
        },
        |(), _| async { Ok(End::Exit) },
        [ms(0)],
    );
    let runner = checked(connector).connect_timeout(Duration::MAX);
    runner.run().await.unwrap();
    assert_eq!(begun.elapsed(), secs(1_000_000));
}

/// Row 22: `Duration::MAX` between two attempts.
#[tokio::test(start_paused = true)]
async fn a_minimum_without_end_is_waited_for_and_can_be_left() {
    let lifecycle = Lifecycle::new().min_interval(Duration::MAX);
    let script = Script::new([REFUSED], [ms(0); 5]).lifecycle(lifecycle);
    let log = script.log();
    let checker = Checker::exact().min_interval(Duration::MAX);
    let (handle, task) = checked_by(&checker, script).spawn();
    sleep(secs(1_000_000)).await;
    assert_eq!(log.attempts(), [ms(0)]);
    assert!(matches!(handle.status(), Status::Waiting { .. }));
    handle.shutdown();
    task.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wait_without_end_is_shown_as_one_of_thirty_years() {
    let begin = Instant::now();
    let script = Script::new([REFUSED], [Duration::MAX]);
    let (handle, task) = checked(script).spawn();
    sleep(secs(1)).await;
    let Status::Waiting {
        until: Some(until), ..
    } = handle.status()
    else {
        panic!("{:?}", handle.status());
    };
    assert_eq!(until - begin, secs(30 * 365 * 24 * 60 * 60));
    handle.shutdown();
    task.await.unwrap().unwrap();
}

/// Row 22: zero as every bound.
#[tokio::test(start_paused = true)]
async fn bounds_of_zero_end_or_skip_what_they_bound() {
    let retry = Retry::new([secs(1); 5]).give_up_after(Duration::ZERO);
    let script = Script::new([REFUSED], retry);
    assert_eq!(checked(script).run().await, Err("refused"));

    let script = Script::new([Step::hangs()], [secs(1)]);
    let runner = checked(script).connect_timeout_with(Duration::ZERO, || "too slow");
    assert_eq!(runner.run().await, Err("too slow"));
}

/// Row 27: the policy panics.
#[tokio::test(start_paused = true)]
async fn a_policy_that_panics_reaches_the_caller_and_the_handles() {
    #[derive(Clone)]
    struct Panicking;

    impl Iterator for Panicking {
        type Item = Duration;

        fn next(&mut self) -> Option<Duration> {
            panic!("the policy")
        }
    }

    let connector = connector_fn(
        || async { Err::<(), _>("refused") },
        |(), _| async { Ok(End::Exit) },
        Panicking,
    );
    let (handle, task) = checked(connector).spawn();
    let waiter = handle.clone();
    let waiting = tokio::spawn(async move { waiter.connected_or_fail(5).await });
    assert!(task.await.unwrap_err().is_panic());
    let stopped = handle.stopped().await;
    assert_eq!(stopped.why, Why::Dropped);
    assert_eq!(stopped.cause.as_deref(), Some("refused"));
    assert_eq!(waiting.await.unwrap(), Err(NotConnected::Stopped(stopped)));
}
