use std::future::{pending, ready};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use schmoozer_core::{
    ConnResult, Connector, End, Failure, Lifecycle, RetryResult, RunResult, Session, connector_fn,
    run,
};
use schmoozer_faults::{Checker, Script, Step};
use tokio::time::{Instant, sleep, timeout};

use crate::checked::{checked, checked_by, ms, secs};

const REFUSED: Step = Step::fails(Duration::ZERO);
const OK: Step = Step::exits(Ok(()));

/// Row 1: the server is not there yet.
#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_there_yet_is_waited_for_as_the_policy_says() {
    let script = || Script::new([REFUSED, REFUSED, REFUSED, OK], [1, 2, 4].map(secs));
    let watched = script();
    let log = watched.log();
    assert_eq!(checked(watched).run().await, Ok(()));
    assert_eq!(log.attempts(), [0, 1, 3, 7].map(secs));
    let alone = script();
    let log = alone.log();
    assert_eq!(run(alone).await, Ok(()));
    assert_eq!(log.attempts(), [0, 1, 3, 7].map(secs));
}

#[tokio::test(start_paused = true)]
async fn the_last_cause_comes_back_when_the_policy_ends() {
    let script = Script::new([REFUSED, Step::up(ms(5))], [secs(1)]);
    let log = script.log();
    assert_eq!(checked(script).run().await, Err("lost"));
    assert_eq!(log.attempts(), [0, 1].map(secs));
}

/// Row 22: the policy yields nothing at all.
#[tokio::test(start_paused = true)]
async fn a_policy_without_delays_exits_with_the_first_cause() {
    let script = Script::new([REFUSED], []);
    assert_eq!(checked(script).run().await, Err("refused"));
}

#[tokio::test(start_paused = true)]
async fn what_a_connector_exits_with_comes_back() {
    for result in [Ok(()), Err("no")] {
        let handler = Script::new([Step::exits(result)], [secs(1)]);
        assert_eq!(checked(handler).run().await, result);
        let connect = Script::new([Step::refuses(result)], [secs(1)]);
        assert_eq!(checked(connect).run().await, result);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_says_which_attempt_it_was_and_how_long_it_took() {
    let steps = [
        Step::fails(ms(30)),
        Step::fails(ms(40)),
        Step::up(secs(2)),
        Step::up(secs(20)).connect_takes(ms(5)),
        Step::fails(ms(5)),
        OK,
    ];
    let script = Script::new(steps, [secs(1); 9]);
    let log = script.log();
    assert_eq!(checked(script).run().await, Ok(()));
    let seen: Vec<_> = log
        .failures()
        .iter()
        .map(|failure| {
            let times = (failure.elapsed, failure.uptime, failure.outage);
            (failure.cause, failure.attempt, times, failure.stable)
        })
        .collect();
    let up = (ms(20_005), Some(secs(20)), ms(0));
    assert_eq!(
        seen,
        [
            ("refused", 1, (ms(30), None, ms(0)), false),
            ("refused", 2, (ms(40), None, ms(1_040)), false),
            ("lost", 3, (secs(2), Some(secs(2)), ms(4_040)), false),
            ("lost", 1, up, true),
            ("refused", 2, (ms(5), None, ms(1_005)), false),
        ]
    );
}

/// Row 30: stopped, then run again.
#[tokio::test(start_paused = true)]
async fn a_connector_that_was_stopped_starts_clean() {
    let mut script = Script::new([REFUSED], [1, 2, 60].map(secs));
    let log = script.log();
    timeout(secs(10), checked(&mut script).run())
        .await
        .unwrap_err();
    assert_eq!(log.attempts(), [0, 1, 3].map(secs));
    script.set_steps([REFUSED, REFUSED, OK]);
    assert_eq!(checked(&mut script).run().await, Ok(()));
    assert_eq!(log.attempts()[3..], [10, 11, 13].map(secs));
}

/// Row 22: the policy yields zero forever.
#[tokio::test]
async fn a_zero_delay_lets_other_tasks_run() {
    let polls = Arc::new(AtomicU64::new(0));
    let other = tokio::spawn({
        let polls = Arc::clone(&polls);
        async move {
            loop {
                polls.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        }
    });
    let mut left = 1_000;
    let connector = connector_fn(
        move || {
            left -= 1;
            ready(if left == 0 { Ok(()) } else { Err("refused") })
        },
        |(), _| ready(Ok(End::Exit)),
        std::iter::repeat(Duration::ZERO),
    )
    .lifecycle(Lifecycle::new().min_interval(Duration::ZERO));
    let checker = Checker::within(secs(10)).min_interval(Duration::ZERO);
    assert_eq!(checked_by(&checker, connector).run().await, Ok(()));
    other.abort();
    assert!(polls.load(Ordering::Relaxed) > 900);
}

#[tokio::test(start_paused = true)]
async fn attempts_start_apart_by_the_minimum_whatever_the_policy_says() {
    let script = || {
        let steps = [
            REFUSED,
            Step::fails(ms(4)),
            Step::fails(ms(25)),
            REFUSED,
            OK,
        ];
        Script::new(steps, [ms(0); 9])
    };
    let expected = [0, 10, 20, 45, 55].map(ms);
    let alone = script();
    let log = alone.log();
    assert_eq!(run(alone).await, Ok(()));
    assert_eq!(log.attempts(), expected);
    let watched = script();
    let log = watched.log();
    assert_eq!(checked(watched).run().await, Ok(()));
    assert_eq!(log.attempts(), expected);
}

/// Row 22: the policy yields `Duration::MAX`.
#[tokio::test(start_paused = true)]
async fn a_delay_without_end_is_waited_for() {
    let script = || Script::new([REFUSED], [Duration::MAX]);
    let waiting = timeout(secs(1_000_000), checked(script()).run());
    assert!(waiting.await.is_err());
    let waiting = timeout(secs(1_000_000), run(script()));
    assert!(waiting.await.is_err());
}

/// Row 21: an outage of a week.
#[tokio::test(start_paused = true)]
async fn an_outage_of_a_week_keeps_to_the_policy() {
    const WEEK: u32 = 7 * 24 * 60;
    let steps = std::iter::repeat_n(REFUSED, WEEK as usize).chain([OK]);
    let script = Script::new(steps, vec![secs(60); WEEK as usize]);
    let log = script.log();
    let begin = Instant::now();
    assert_eq!(checked(script).run().await, Ok(()));
    assert_eq!(begin.elapsed(), secs(60) * WEEK);
    assert_eq!(log.failures().last().unwrap().attempt, WEEK);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "from connect")]
async fn a_panic_reaches_the_caller() {
    let connect = || async {
        if true {
            panic!("from connect")
        } else {
            Ok::<(), &str>(())
        }
    };
    let connector = connector_fn(connect, async |(), _| Ok(End::Exit), [secs(1)]);
    let _ = checked(connector).run().await;
}

#[tokio::test(start_paused = true)]
async fn only_errors_worth_it_are_retried() {
    for (kind, tries) in [
        (io::ErrorKind::ConnectionRefused, 3),
        (io::ErrorKind::PermissionDenied, 1),
    ] {
        let mut attempts = 0;
        let connector = connector_fn(
            || {
                attempts += 1;
                async move { Err::<(), _>(io::Error::from(kind)) }
            },
            async |(), _| Ok(End::Exit),
            [secs(1), secs(1)],
        )
        .retry_if(|failure| failure.cause.kind() == io::ErrorKind::ConnectionRefused);
        let runner = checked(connector);
        let handle = runner.handle();
        let error = runner.run().await.unwrap_err();
        assert_eq!((error.kind(), attempts), (kind, tries));
        // What ends the loop at once is a failure too.
        assert_eq!(handle.stats().failures, tries);
    }
}

#[tokio::test(start_paused = true)]
async fn each_failure_is_judged_once_and_a_timeout_too() {
    let asked = Arc::<std::sync::Mutex<Vec<_>>>::default();
    let mut attempts = 0;
    let connector = connector_fn(
        || {
            attempts += 1;
            let attempt = attempts;
            async move {
                match attempt {
                    1 => Err("refused".to_owned()),
                    2 => Ok(()),
                    _ => pending().await,
                }
            }
        },
        |(), _| ready(Err("lost".to_owned())),
        [secs(1); 9],
    )
    .retry_if({
        let asked = Arc::clone(&asked);
        move |failure| {
            let mut asked = asked.lock().unwrap();
            asked.push((failure.attempt, failure.cause.clone()));
            asked.len() < 4
        }
    });
    let ended = checked(connector).connect_timeout(secs(3)).run().await;
    let timeout = "connect did not end within 3s";
    assert_eq!(ended, Err(timeout.to_owned()));
    let expected = [(1, "refused"), (2, "lost"), (3, timeout), (4, timeout)];
    let expected = expected.map(|(attempt, cause)| (attempt, cause.to_owned()));
    assert_eq!(*asked.lock().unwrap(), expected);
    assert_eq!(attempts, 4);
}

#[tokio::test(start_paused = true)]
async fn errors_of_many_kinds_serve() {
    async fn fails<E: std::fmt::Display + Send>(error: fn() -> E) -> String {
        let connect = move || async move { Err::<(), E>(error()) };
        let connector = connector_fn(connect, async |(), _| Ok(End::Exit), [ms(20)]);
        checked(connector).run().await.err().unwrap().to_string()
    }
    assert_eq!(fails(|| "text".to_owned()).await, "text");
    assert_eq!(fails(|| io::Error::other("io")).await, "io");
    assert_eq!(
        fails(|| Box::<dyn std::error::Error + Send + Sync>::from("boxed")).await,
        "boxed"
    );
    assert_eq!(fails(|| anyhow::anyhow!("anyhow")).await, "anyhow");
    assert_eq!(fails(|| Declared::Refused).await, "refused, declared");
}

#[derive(Debug, thiserror::Error)]
enum Declared {
    #[error("refused, declared")]
    Refused,
}

#[tokio::test(start_paused = true)]
async fn time_that_retry_delay_takes_is_not_the_next_attempts() {
    struct Slow(Vec<Duration>);
    impl Connector for Slow {
        type Connection = ();
        type Error = &'static str;
        async fn connect(&mut self) -> ConnResult<(), &'static str> {
            sleep(ms(7)).await;
            ConnResult::Reconnect("refused")
        }
        async fn run(&mut self, (): (), _: Session) -> RunResult<&'static str> {
            RunResult::Exit(Ok(()))
        }
        async fn retry_delay(
            &mut self,
            failure: Failure<&'static str>,
        ) -> RetryResult<&'static str> {
            self.0.push(failure.elapsed);
            if self.0.len() == 3 {
                return RetryResult::Exit(Ok(()));
            }
            sleep(secs(5)).await;
            RetryResult::After(Duration::ZERO)
        }
    }
    let mut slow = Slow(Vec::new());
    assert_eq!(checked(&mut slow).run().await, Ok(()));
    assert_eq!(slow.0, [ms(7); 3]);
}
