//! What the policy decides, and what a run makes of it.

use std::time::Duration;

use schmoozer_core::{ConnResult, Connector, Failure, RetryResult, RunResult, Runner, Session};
use schmoozer_faults::{Checked, Checker, Script, ScriptConnection, Step};

use crate::secs;

type Policy = [Duration; 2];
type Result = RetryResult<&'static str>;

/// Stands between the loop and a checked connector, and changes what goes through.
struct Liar {
    connector: Checked<Script<Policy>>,
    failure: fn(&mut Failure<&'static str>),
    result: fn(Result) -> Result,
}

impl Connector for Liar {
    type Connection = ScriptConnection;
    type Error = &'static str;

    async fn connect(&mut self) -> ConnResult<ScriptConnection, &'static str> {
        self.connector.connect().await
    }

    async fn run(
        &mut self,
        connection: ScriptConnection,
        session: Session,
    ) -> RunResult<&'static str> {
        self.connector.run(connection, session).await
    }

    async fn retry_delay(&mut self, mut failure: Failure<&'static str>) -> Result {
        (self.failure)(&mut failure);
        let result = self.connector.retry_delay(failure).await;
        (self.result)(result)
    }
}

/// What the checker says to a run that fails, is up for 20 s, and gives up.
async fn verdict(failure: fn(&mut Failure<&'static str>), result: fn(Result) -> Result) -> String {
    let steps = [
        Step::fails(secs(1)),
        Step::up(secs(20)),
        Step::fails(secs(1)),
    ];
    let checker = Checker::exact();
    let liar = Liar {
        connector: checker.connector(Script::new(steps, [secs(1), secs(2)])),
        failure,
        result,
    };
    let running = tokio::spawn(Runner::new(liar).observer(checker).run());
    match running.await {
        Ok(result) => format!("passed: {result:?}"),
        Err(panic) => {
            let panic = panic.into_panic();
            let fault = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            fault.split(": ").nth(1).unwrap_or_default().to_owned()
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_honest_loop_passes() {
    let passed = verdict(|_| (), |result| result).await;
    assert_eq!(passed, "passed: Err(\"refused\")");
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_the_policy_receives_otherwise_is_refused() {
    type Change = fn(&mut Failure<&'static str>);
    let changes: [(Change, &str); 5] = [
        (|failure| failure.attempt += 1, "the failure's attempt"),
        (|failure| failure.elapsed += secs(1), "the time it took"),
        (|failure| failure.outage += secs(1), "the failure's outage"),
        (
            |failure| failure.stable = !failure.stable,
            "stable without a connection",
        ),
        (
            |failure| failure.uptime = failure.uptime.map(|uptime| uptime + secs(1)),
            "the failure's uptime",
        ),
    ];
    for (change, fault) in changes {
        assert_eq!(verdict(change, |result| result).await, fault);
    }
    let unstable: Change = |failure| failure.stable &= failure.uptime.is_none();
    let fault = verdict(unstable, |result| result).await;
    assert_eq!(fault, "whether it was stable");
}

#[tokio::test(start_paused = true)]
async fn a_decision_that_the_loop_does_not_follow_is_refused() {
    let longer = |result| match result {
        RetryResult::After(delay) => RetryResult::After(delay + secs(1)),
        other => other,
    };
    assert_eq!(verdict(|_| (), longer).await, "not what was decided");
    let shorter = |result| match result {
        RetryResult::After(_) => RetryResult::After(Duration::ZERO),
        other => other,
    };
    assert_eq!(verdict(|_| (), shorter).await, "not what was decided");
    let goes_on = |result| match result {
        RetryResult::GiveUp(_) => RetryResult::After(secs(1)),
        other => other,
    };
    assert_eq!(verdict(|_| (), goes_on).await, "the decision was to end");
    let ends = |result| match result {
        RetryResult::GiveUp(cause) => RetryResult::Exit(Err(cause)),
        other => other,
    };
    assert_eq!(verdict(|_| (), ends).await, "why it stopped");
}
