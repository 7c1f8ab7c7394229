//! Requests beside a pacer and a connection to start with, and what a connector says after a shutdown.

use schmoozer_core::{
    ConnResult, Connector, Failure, Pacer, RetryResult, RunResult, Session, Why, connector_fn,
};
use schmoozer_faults::Checker;
use tokio::time::{Instant, sleep};

use crate::checked::{checked, checked_by};
use crate::scene::{ms, secs};

/// Row 52: an attempt under way is not dropped for one that a pacer holds.
#[tokio::test(start_paused = true)]
async fn a_restart_waits_for_its_turn_while_the_attempt_goes_on() {
    let begin = Instant::now();
    let slow = connector_fn(
        async || {
            sleep(ms(5_000)).await;
            Ok::<(), &str>(())
        },
        async |(), session| Ok(session.stopping().await),
        [ms(10); 5],
    );
    let pacer = Pacer::every(secs(60), 1).unwrap();
    let (handle, _task) = checked_by(&Checker::exact().held_up(), slow)
        .pacer(pacer)
        .spawn();
    sleep(ms(500)).await;
    handle.retry_now();
    handle.connected().await.unwrap();
    assert_eq!(begin.elapsed(), secs(5));
    assert_eq!(handle.stats().attempts, 1);
}

/// Row 52: requests before the first poll are satisfied by what the loop starts with.
#[tokio::test(start_paused = true)]
async fn a_reconnect_before_the_first_poll_does_not_drop_the_connection_to_start_with() {
    let link = connector_fn(
        async || Err::<u8, &str>("not needed"),
        async |connection, session| {
            assert_eq!(connection, 7);
            Ok(session.stopping().await)
        },
        [ms(10); 5],
    );
    let runner = checked(link).starting_with(7);
    let handle = runner.handle();
    handle.reconnect();
    let task = tokio::spawn(runner.run());
    handle.connected().await.unwrap();
    handle.shutdown();
    task.await.unwrap().unwrap();
    assert_eq!(handle.stats().attempts, 0);
}

/// Connects at once, and ends with an error when it is told to stop.
struct Refuses;

impl Connector for Refuses {
    type Connection = ();
    type Error = &'static str;

    async fn connect(&mut self) -> ConnResult<(), &'static str> {
        ConnResult::Connected(())
    }

    async fn run(&mut self, (): (), session: Session) -> RunResult<&'static str> {
        session.stopping().await;
        RunResult::Exit(Err("no goodbye"))
    }

    async fn retry_delay(&mut self, failure: Failure<&'static str>) -> RetryResult<&'static str> {
        RetryResult::GiveUp(failure.cause)
    }
}

#[tokio::test(start_paused = true)]
async fn a_final_error_after_a_shutdown_is_the_shutdowns_cause() {
    let (handle, task) = checked(Refuses).spawn();
    handle.connected().await.unwrap();
    handle.shutdown();
    assert_eq!(task.await.unwrap(), Ok(()));
    let stopped = handle.stopped().await;
    assert_eq!(stopped.why, Why::Shutdown);
    assert_eq!(stopped.cause.as_deref(), Some("no goodbye"));
}
