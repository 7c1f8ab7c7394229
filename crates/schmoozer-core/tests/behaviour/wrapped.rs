//! What stands between the loop and a connector takes nothing from it: a box, closures, a cause that is replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use schmoozer_core::{
    ConnResult, Connector, Delays, Event, Failure, NotConnected, RetryResult, RunResult, Runner,
    Stopped, connector_fn, establish, run,
};
use tokio::time::{Instant, sleep};

use crate::script::{Script, Step, checked, ms, secs};

#[tokio::test(start_paused = true)]
async fn a_boxed_connector_fails_waits_and_ends_as_it_would_by_itself() {
    let steps = [
        Step::Fails(ms(100)),
        Step::Up(secs(1)),
        Step::Exits(Err("broken")),
    ];
    let script = Script::new(steps, Delays::new(vec![secs(2); 9]));
    let (attempts, failures) = (Arc::clone(&script.attempts), Arc::clone(&script.failures));
    assert_eq!(run(script.boxed()).await, Err("broken"));
    assert_eq!(*attempts.lock().unwrap(), [0, 2_100, 5_100]);
    let failures = failures.lock().unwrap();
    assert_eq!(failures.len(), 2);
    assert_eq!(failures[0].elapsed, ms(100));
    assert_eq!(failures[1].uptime, Some(secs(1)));
}

#[tokio::test(start_paused = true)]
async fn a_boxed_connector_has_the_name_and_the_health_of_the_one_inside() {
    let delays = Delays::new(vec![secs(1)]).reset_after(secs(3));
    let script = Script::new(
        [Step::Fails(ms(0)), Step::Up(secs(5)), Step::Exits(Ok(()))],
        delays,
    );
    let boxed = script.boxed();
    assert_eq!(boxed.display_target().as_deref(), Some("script"));
    assert_eq!(recoveries(boxed).await, [3_000 + 1_000]);
}

/// A connector that leaves out what it may.
struct Least(u32);

impl Connector for Least {
    type Connection = ();
    type Error = &'static str;

    async fn connect(&mut self) -> ConnResult<(), &'static str> {
        self.0 += 1;
        match self.0 {
            1 => ConnResult::Reconnect("refused"),
            _ => ConnResult::Connected(()),
        }
    }

    async fn run(&mut self, (): ()) -> RunResult<&'static str> {
        sleep(secs(20)).await;
        RunResult::Exit(Ok(()))
    }

    async fn retry_delay(&mut self, _: Failure<&'static str>) -> RetryResult<&'static str> {
        RetryResult::After(secs(1))
    }
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_says_no_more_has_no_name_and_is_good_after_ten_seconds() {
    assert_eq!(Least(0).display_target(), None);
    assert_eq!(recoveries(Least(0)).await, [1_000 + 10_000]);
}

/// When `connector` had recovered, in milliseconds.
async fn recoveries(connector: impl Connector) -> Vec<u128> {
    let begin = Instant::now();
    let mut recoveries = Vec::new();
    let observer = |event: &Event<'_>| {
        if let Event::Recovered { .. } = event {
            recoveries.push(begin.elapsed().as_millis());
        }
    };
    // The end of the connector is not what is asked for.
    let _ = Runner::new(connector).observer(observer).run().await;
    recoveries
}

#[tokio::test(start_paused = true)]
async fn a_connection_in_a_box_comes_out_as_what_it_is() {
    let connector = connector_fn(
        async || Ok::<_, String>(7_u8),
        async |_| Ok(()),
        Delays::new([]),
    );
    let connection = establish(&mut connector.boxed()).await.unwrap().unwrap();
    let connection = connection.downcast::<u16>().expect_err("no u16");
    assert_eq!(connection.downcast::<u8>().expect("a u8"), 7);
}

#[tokio::test(start_paused = true)]
async fn closures_end_an_outage_after_a_connection_that_lasted_as_long_as_they_say() {
    let connections = AtomicU32::new(0);
    let connector = connector_fn(
        async || Ok(connections.fetch_add(1, Ordering::Relaxed)),
        async |connection| {
            sleep(secs(2)).await;
            if connection < 5 { Err("lost") } else { Ok(()) }
        },
        Delays::new([secs(1)]),
    );
    // One delay for each outage: with the default of 10 s there would be two attempts.
    assert_eq!(checked(connector.reset_after(secs(1))).run().await, Ok(()));
    assert_eq!(connections.into_inner(), 6);
}

#[tokio::test(start_paused = true)]
async fn closures_give_up_when_they_say() {
    let begin = Instant::now();
    let connector = connector_fn(
        async || Err::<u8, _>("refused"),
        async |_| Ok(()),
        Delays::new(vec![secs(1); 60]),
    );
    assert_eq!(
        checked(connector.give_up_after(secs(5))).run().await,
        Err("refused")
    );
    assert_eq!(begin.elapsed(), secs(5));
}

#[test]
fn closures_are_called_what_they_say() {
    let connector = connector_fn(
        async || Ok::<_, String>(7_u8),
        async |_| Ok(()),
        Delays::new([]),
    );
    let connector = connector.target("the tide gauge");
    assert_eq!(
        connector.display_target().as_deref(),
        Some("the tide gauge")
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_with_another_cause_is_the_same_failure() {
    let steps = [Step::Up(secs(3)), Step::Exits(Ok(()))];
    let script = Script::new(steps, Delays::new(vec![secs(2)]));
    let failures = Arc::clone(&script.failures);
    checked(script).run().await.unwrap();
    let failure = failures.lock().unwrap()[0];
    let mapped = failure.map(str::len);
    assert_eq!(mapped.cause, "lost".len());
    assert_eq!(mapped.map(|_| "lost"), failure);
}

#[test]
fn errors_say_why_there_is_no_connection() {
    let failed = NotConnected::Failed {
        failures: 3,
        cause: "refused".to_owned(),
    };
    assert_eq!(
        failed.to_string(),
        "not connected after 3 failures, the last: refused"
    );
    let failed = NotConnected::Failed {
        failures: 1,
        cause: "refused".to_owned(),
    };
    assert_eq!(failed.to_string(), "not connected after a failure: refused");
    assert_eq!(NotConnected::Stopped.to_string(), Stopped.to_string());
    assert_eq!(Stopped.to_string(), "the connector has stopped");
}
