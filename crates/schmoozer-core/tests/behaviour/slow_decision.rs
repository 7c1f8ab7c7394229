//! A `retry_delay` that takes its time.

use std::time::Duration;

use schmoozer_core::{
    ConnResult, Connector, Failure, Retry, RetryResult, RunResult, Session, Status,
};
use schmoozer_faults::{Script, ScriptConnection, Step};
use tokio::time::{Instant, sleep, sleep_until};

use crate::checked::{checked, ms, secs, steered};

/// Takes three seconds to decide.
struct Slow<const N: usize>(Script<[Duration; N]>);

impl<const N: usize> Connector for Slow<N> {
    type Connection = ScriptConnection;
    type Error = &'static str;

    async fn connect(&mut self) -> ConnResult<ScriptConnection, &'static str> {
        self.0.connect().await
    }

    async fn run(
        &mut self,
        connection: ScriptConnection,
        session: Session,
    ) -> RunResult<&'static str> {
        self.0.run(connection, session).await
    }

    async fn retry_delay(&mut self, failure: Failure<&'static str>) -> RetryResult<&'static str> {
        sleep(secs(3)).await;
        self.0.retry_delay(failure).await
    }
}

#[tokio::test(start_paused = true)]
async fn meanwhile_the_status_is_waiting_and_says_why() {
    let begin = Instant::now();
    let steps = [
        Step::fails(secs(1)),
        Step::up(secs(20)),
        Step::exits(Ok(())),
    ];
    let script = Script::new(steps, [secs(2); 9]);
    let runner = checked(Slow(script));
    let handle = runner.handle();
    let waiting =
        |until: Option<u64>, cause: &str| (until.map(|at| begin + secs(at)), 2, cause.to_owned());
    let mut watch = handle.watch();
    let expected = [
        (ms(1_500), waiting(None, "refused")),
        (ms(4_500), waiting(Some(6), "refused")),
        (ms(26_500), waiting(None, "lost")),
        (ms(29_500), waiting(Some(31), "lost")),
    ];
    let looking = async {
        for (at, expected) in expected {
            sleep_until(begin + at).await;
            let status = handle.status();
            let Status::Waiting {
                until,
                attempt,
                cause: Some(cause),
                ..
            } = status.clone()
            else {
                panic!("{status:?}");
            };
            assert_eq!((until, attempt, cause), expected);
            assert!(watch.has_changed().unwrap(), "{at:?}");
            assert_eq!(*watch.borrow_and_update(), status);
        }
    };
    let (result, ()) = tokio::join!(runner.run(), looking);
    assert_eq!(result, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn from_start_counts_the_attempt_and_not_the_decision() {
    let retry = Retry::new([secs(10), secs(3)]).from_start();
    let steps = [
        Step::fails(secs(1)),
        Step::fails(secs(1)),
        Step::exits(Ok(())),
    ];
    let script = Script::new(steps, retry);
    let log = script.log();
    assert_eq!(checked(Slow(script)).run().await, Ok(()));
    // Failed after 1 s, decided after 3 s, and then 9 s and 2 s of the policy's delays are left.
    assert_eq!(log.attempts(), [0, 13, 19].map(secs));
}

#[tokio::test(start_paused = true)]
async fn a_request_does_not_wait_for_the_decision() {
    let steps = [Step::fails(secs(1)), Step::exits(Ok(()))];
    let script = Script::new(steps, [secs(60)]);
    let log = script.log();
    let runner = steered(Slow(script));
    let handle = runner.handle();
    let (result, ()) = tokio::join!(runner.run(), async {
        sleep(secs(2)).await;
        handle.retry_now();
    });
    assert_eq!(result, Ok(()));
    assert_eq!(log.attempts(), [0, 2].map(secs));
}

/// Row 23: a shutdown while the policy decides.
#[tokio::test(start_paused = true)]
async fn a_shutdown_does_not_wait_for_the_decision() {
    let script = Script::new([Step::fails(secs(1))], [secs(60)]);
    let begin = Instant::now();
    let runner = checked(Slow(script)).shutdown(sleep(secs(2)));
    assert_eq!(runner.run().await, Ok(()));
    assert_eq!(begin.elapsed(), secs(2));
}
