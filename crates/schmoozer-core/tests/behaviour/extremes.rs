use std::time::Duration;

use schmoozer_core::{Delays, NotConnected, Status, connector_fn};
use tokio::time::{Instant, sleep};

use crate::script::{Script, Step, checked, ms, secs};

/// Row 22: `Duration::MAX` as a bound.
#[tokio::test(start_paused = true)]
async fn bounds_without_end_change_nothing() {
    let delays = Delays::new(vec![secs(1); 5])
        .reset_after(Duration::MAX)
        .give_up_after(Duration::MAX);
    let steps = [
        Step::Fails(ms(0)),
        Step::Up(secs(1_000_000)),
        Step::Fails(ms(0)),
        Step::Exits(Ok(())),
    ];
    let script = Script::new(steps, delays);
    let attempts = script.attempts.clone();
    let runner = checked(script).grace(Duration::MAX);
    runner.run().await.unwrap();
    assert_eq!(
        *attempts.lock().unwrap(),
        [0, 1_000, 1_000_002_000, 1_000_003_000]
    );
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
        |()| async { Ok(()) },
        [ms(0)],
    );
    let runner = checked(connector).connect_timeout(Duration::MAX);
    runner.run().await.unwrap();
    assert_eq!(begun.elapsed(), secs(1_000_000));
}

/// Row 22: `Duration::MAX` between two attempts.
#[tokio::test(start_paused = true)]
async fn a_floor_without_end_is_waited_for_and_can_be_left() {
    let delays = Delays::new(vec![ms(0); 5]).at_least(Duration::MAX);
    let script = Script::new([Step::Fails(ms(0))], delays);
    let attempts = script.attempts.clone();
    let (handle, task) = checked(script).spawn();
    sleep(secs(1_000_000)).await;
    assert_eq!(*attempts.lock().unwrap(), [0]);
    assert!(matches!(handle.status(), Status::Waiting { .. }));
    handle.shutdown();
    task.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_wait_without_end_is_shown_as_one_of_thirty_years() {
    let begin = Instant::now();
    let script = Script::new([Step::Fails(ms(0))], Delays::new(vec![Duration::MAX]));
    let (handle, task) = checked(script).spawn();
    sleep(secs(1)).await;
    let Status::Waiting { until, .. } = handle.status() else {
        panic!("{:?}", handle.status());
    };
    assert_eq!(until - begin, secs(30 * 365 * 24 * 60 * 60));
    handle.shutdown();
    task.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_thousand_requests_while_connecting_cut_no_later_wait() {
    let steps = [Step::Fails(secs(1)), Step::Exits(Ok(()))];
    let script = Script::new(steps, Delays::new(vec![secs(2); 5]));
    let attempts = script.attempts.clone();
    let (handle, task) = checked(script).spawn();
    sleep(ms(500)).await;
    (0..1_000).for_each(|_| handle.retry_now());
    task.await.unwrap().unwrap();
    assert_eq!(*attempts.lock().unwrap(), [0, 3_000]);
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
        |()| async { Ok(()) },
        Panicking,
    );
    let (handle, task) = checked(connector).spawn();
    let waiter = handle.clone();
    let waiting = tokio::spawn(async move { waiter.connected_or(5).await });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(handle.status(), Status::Stopped);
    assert_eq!(waiting.await.unwrap(), Err(NotConnected::Stopped));
}
