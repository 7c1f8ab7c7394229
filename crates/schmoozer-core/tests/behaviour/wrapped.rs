//! What stands between the loop and a connector takes nothing from it: a reference, closures, a cause that is replaced.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use schmoozer_core::{
    ConnResult, Connector, End, Failure, Lifecycle, NotConnected, Retry, RetryResult, RunResult,
    Session, Stopped, Why, connector_fn,
};
use schmoozer_faults::{Checker, Script, Step};
use tokio::time::{Instant, sleep};

use crate::checked::{checked, checked_by, secs};

/// A connector that holds its next connection, or does not.
struct Holds(bool);

impl Connector for Holds {
    type Connection = ();
    type Error = &'static str;

    async fn connect(&mut self) -> ConnResult<(), &'static str> {
        ConnResult::Exit(Ok(()))
    }

    async fn run(&mut self, (): (), _: Session) -> RunResult<&'static str> {
        RunResult::Exit(Ok(()))
    }

    async fn retry_delay(&mut self, failure: Failure<&'static str>) -> RetryResult<&'static str> {
        RetryResult::GiveUp(failure.cause)
    }

    fn holds_connection(&self) -> bool {
        self.0
    }
}

#[test]
fn a_borrowed_connector_knows_whether_the_connection_is_held() {
    fn holds(connector: &impl Connector) -> bool {
        connector.holds_connection()
    }
    for held in [false, true] {
        assert_eq!(holds(&&mut Holds(held)), held);
    }
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

    async fn run(&mut self, (): (), _: Session) -> RunResult<&'static str> {
        sleep(secs(20)).await;
        RunResult::Exit(Ok(()))
    }

    async fn retry_delay(&mut self, _: Failure<&'static str>) -> RetryResult<&'static str> {
        RetryResult::After(secs(1))
    }
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_says_no_more_has_no_name_and_is_stable_after_ten_seconds() {
    assert_eq!(Least(0).display_target(), None);
    assert_eq!(Least(0).lifecycle(), Lifecycle::new());
    let checker = Checker::exact().stable_after(secs(10));
    checked_by(&checker, Least(0)).run().await.unwrap();
    assert_eq!(checker.tally().recoveries, [secs(1)]);
}

#[tokio::test(start_paused = true)]
async fn closures_end_an_outage_after_a_connection_that_was_up_as_long_as_they_say() {
    let connections = AtomicU32::new(0);
    let connector = connector_fn(
        async || Ok(connections.fetch_add(1, Ordering::Relaxed)),
        async |connection, _| {
            sleep(secs(2)).await;
            if connection < 5 {
                Err("lost")
            } else {
                Ok(End::Exit)
            }
        },
        [secs(1)],
    )
    .stable_after(secs(1));
    // One delay for each outage: with the default of 10 s there would be two attempts.
    let checker = Checker::exact().stable_after(secs(1));
    assert_eq!(checked_by(&checker, connector).run().await, Ok(()));
    assert_eq!(connections.into_inner(), 6);
}

#[tokio::test(start_paused = true)]
async fn closures_give_up_when_they_say() {
    let begin = Instant::now();
    let connector = connector_fn(
        async || Err::<u8, _>("refused"),
        async |_, _| Ok(End::Exit),
        Retry::new(vec![secs(1); 60]).give_up_after(secs(5)),
    );
    assert_eq!(checked(connector).run().await, Err("refused"));
    assert_eq!(begin.elapsed(), secs(5));
}

#[test]
fn closures_are_called_what_they_say() {
    let connector = connector_fn(
        async || Ok::<_, String>(7_u8),
        async |_, _| Ok(End::Exit),
        [Duration::ZERO],
    );
    let connector = connector.target("the tide gauge");
    assert_eq!(
        connector.display_target().as_deref(),
        Some("the tide gauge")
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_with_another_cause_is_the_same_failure() {
    let steps = [Step::up(secs(30)), Step::exits(Ok(()))];
    let script = Script::new(steps, [secs(2)]);
    let log = script.log();
    checked(script).run().await.unwrap();
    let failure = log.failures()[0];
    assert!(failure.stable);
    let mapped = failure.map(str::len);
    assert_eq!(mapped.cause, "lost".len());
    assert_eq!(mapped.map(|_| "lost"), failure);
}

#[test]
fn errors_say_why_there_is_no_connection() {
    let failed = |failures| NotConnected::Failed {
        failures,
        cause: "refused".to_owned(),
    };
    assert_eq!(
        failed(3).to_string(),
        "not connected after 3 failures, the last: refused"
    );
    assert_eq!(
        failed(1).to_string(),
        "not connected after 1 failure, the last: refused"
    );
    let stopped = Stopped {
        why: Why::GaveUp,
        cause: Some("refused".to_owned()),
    };
    assert_eq!(stopped.to_string(), "gave up: refused");
    assert_eq!(
        NotConnected::Stopped(stopped).to_string(),
        "not connected: gave up: refused"
    );
}
