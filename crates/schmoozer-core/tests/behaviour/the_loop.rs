use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use schmoozer_core::{Connector, Delays, connector_fn, establish, run};
use tokio::time::{Instant, sleep};

use crate::script::{Script, Step, checked, ms, secs};

const OK: Step = Step::Exits(Ok(()));

/// Row 1: the server is not there yet.
#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_there_yet_is_waited_for_as_the_policy_says() {
    let steps = [
        Step::Fails(ms(0)),
        Step::Fails(ms(0)),
        Step::Fails(ms(0)),
        OK,
    ];
    let mut script = Script::new(steps, Delays::new(vec![secs(1), secs(2), secs(4)]));
    assert_eq!(checked(&mut script).run().await, Ok(()));
    assert_eq!(script.attempts(), [0, 1_000, 3_000, 7_000]);
}

#[tokio::test(start_paused = true)]
async fn the_last_cause_comes_back_when_the_policy_ends() {
    let mut script = Script::new(
        [Step::Fails(ms(0)), Step::Up(ms(5))],
        Delays::new(vec![secs(1)]),
    );
    assert_eq!(checked(&mut script).run().await, Err("lost"));
    assert_eq!(script.attempts(), [0, 1_000]);
}

/// Row 22: the policy yields nothing at all.
#[tokio::test(start_paused = true)]
async fn a_policy_without_delays_exits_with_the_first_cause() {
    let script = Script::new([Step::Fails(ms(0))], Delays::new(Vec::new()));
    assert_eq!(checked(script).run().await, Err("refused"));
}

#[tokio::test(start_paused = true)]
async fn what_run_exits_with_comes_back() {
    let script = Script::new([Step::Exits(Err("no"))], Delays::new(vec![secs(1)]));
    assert_eq!(checked(script).run().await, Err("no"));
}

#[tokio::test(start_paused = true)]
async fn a_failure_says_which_attempt_it_was_and_how_long_it_took() {
    let steps = [
        Step::Fails(ms(30)),
        Step::Fails(ms(40)),
        Step::Up(secs(2)),
        Step::Fails(ms(5)),
        OK,
    ];
    let mut script = Script::new(steps, Delays::new(vec![secs(1); 9]));
    assert_eq!(checked(&mut script).run().await, Ok(()));
    let seen: Vec<_> = script
        .failures
        .lock()
        .unwrap()
        .iter()
        .map(|failure| {
            (
                failure.cause,
                failure.attempt,
                failure.elapsed,
                failure.uptime,
                failure.first,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("refused", 1, ms(30), None, true),
            ("refused", 2, ms(40), None, false),
            ("lost", 0, secs(2), Some(secs(2)), false),
            ("refused", 1, ms(5), None, false),
        ]
    );
}

/// Row 30: stopped, then run again.
#[tokio::test(start_paused = true)]
async fn a_connector_that_was_stopped_starts_clean() {
    let mut script = Script::new(
        [Step::Fails(ms(0))],
        Delays::new(vec![secs(1), secs(2), secs(60)]),
    );
    tokio::time::timeout(secs(10), checked(&mut script).run())
        .await
        .unwrap_err();
    assert_eq!(script.attempts(), [0, 1_000, 3_000]);
    script.steps = [Step::Fails(ms(0)), Step::Fails(ms(0)), OK].into();
    assert_eq!(checked(&mut script).run().await, Ok(()));
    assert_eq!(script.attempts()[3..], [10_000, 11_000, 13_000]);
}

#[tokio::test(start_paused = true)]
async fn a_boxed_connector_is_a_connector() {
    let script = Box::new(Script::new([OK], Delays::new(Vec::new())));
    assert_eq!(script.display_target().as_deref(), Some("script"));
    assert_eq!(checked(script).run().await, Ok(()));
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
            std::future::ready(if left == 0 { Ok(()) } else { Err("refused") })
        },
        |()| std::future::ready(Ok(())),
        Delays::new(std::iter::repeat(Duration::ZERO)).at_least(Duration::ZERO),
    );
    assert_eq!(run(connector).await, Ok(()));
    other.abort();
    assert!(polls.load(Ordering::Relaxed) > 900);
}

/// Row 22: the policy yields `Duration::MAX`.
#[tokio::test(start_paused = true)]
async fn a_delay_without_end_is_waited_for() {
    let script = Script::new([Step::Fails(ms(0))], Delays::new(vec![Duration::MAX]));
    let waiting = tokio::time::timeout(secs(1_000_000), checked(script).run());
    assert!(waiting.await.is_err());
}

/// Row 21: an outage of a week.
#[tokio::test(start_paused = true)]
async fn an_outage_of_a_week_keeps_to_the_policy() {
    let steps = std::iter::repeat_n(Step::Fails(ms(0)), 7 * 24 * 60).chain([OK]);
    let mut script = Script::new(steps, Delays::new(vec![secs(60); 7 * 24 * 60]));
    let begin = Instant::now();
    assert_eq!(checked(&mut script).run().await, Ok(()));
    assert_eq!(begin.elapsed(), secs(7 * 24 * 3600));
    assert_eq!(
        script.failures.lock().unwrap().last().unwrap().attempt,
        7 * 24 * 60
    );
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
    let _ = run(connector_fn(connect, async |()| Ok(()), [secs(1)])).await;
}

#[tokio::test(start_paused = true)]
async fn only_errors_worth_it_are_retried() {
    // What ends the loop at once is no failure: there is nothing to recover from.
    for (kind, tries, failures) in [
        (io::ErrorKind::ConnectionRefused, 3, 3),
        (io::ErrorKind::PermissionDenied, 1, 0),
    ] {
        let mut attempts = 0;
        let connector = connector_fn(
            || {
                attempts += 1;
                async move { Err::<(), _>(io::Error::from(kind)) }
            },
            async |()| Ok(()),
            [secs(1), secs(1)],
        )
        .retry_if(|error| error.kind() == io::ErrorKind::ConnectionRefused);
        let runner = checked(connector);
        let handle = runner.handle();
        let error = runner.run().await.unwrap_err();
        assert_eq!((error.kind(), attempts), (kind, tries));
        assert_eq!(handle.stats().failures, failures);
    }
}

#[tokio::test(start_paused = true)]
async fn each_error_is_judged_once_and_a_timeout_too() {
    let mut asked = Vec::new();
    let mut attempts = 0;
    let connector = connector_fn(
        || {
            attempts += 1;
            let attempt = attempts;
            async move {
                match attempt {
                    1 => Err("refused".to_owned()),
                    2 => Ok(()),
                    _ => std::future::pending().await,
                }
            }
        },
        |()| std::future::ready(Err("lost".to_owned())),
        [secs(1); 9],
    )
    .retry_if(|error| {
        asked.push(error.clone());
        asked.len() < 4
    });
    let ended = checked(connector).connect_timeout(secs(3)).run().await;
    let timeout = "connect did not end within 3s";
    assert_eq!(ended, Err(timeout.to_owned()));
    assert_eq!(asked, ["refused", "lost", timeout, timeout]);
    assert_eq!(attempts, 4);
}

#[tokio::test(start_paused = true)]
async fn establish_hands_the_connection_over() {
    let steps = [Step::Fails(ms(0)), Step::Fails(ms(0)), Step::Up(secs(1))];
    let mut script = Script::new(steps, Delays::new(vec![secs(1), secs(2)]));
    assert!(establish(&mut script).await.unwrap().is_some());
    assert_eq!(script.attempts(), [0, 1_000, 3_000]);

    let mut script = Script::new([Step::Fails(ms(0))], Delays::new(vec![secs(1)]));
    assert_eq!(establish(&mut script).await.err(), Some("refused"));
}

#[tokio::test(start_paused = true)]
async fn establish_counts_its_attempts_and_times_each() {
    let steps = [
        Step::Fails(ms(300)),
        Step::Fails(ms(700)),
        Step::Up(secs(1)),
    ];
    let mut script = Script::new(steps, Delays::new(vec![secs(1); 4]));
    assert!(establish(&mut script).await.unwrap().is_some());
    let failures = script.failures.lock().unwrap();
    let told: Vec<_> = failures
        .iter()
        .map(|failure| (failure.attempt, failure.elapsed, failure.uptime))
        .collect();
    assert_eq!(told, [(1, ms(300), None), (2, ms(700), None)]);
}

#[tokio::test(start_paused = true)]
async fn errors_of_many_kinds_serve() {
    async fn fails<E: std::fmt::Display + Send>(error: fn() -> E) -> String {
        let connect = move || async move { Err::<(), E>(error()) };
        let connector = connector_fn(connect, async |()| Ok(()), [ms(20)]);
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
        async fn connect(&mut self) -> schmoozer_core::ConnResult<(), &'static str> {
            sleep(ms(7)).await;
            schmoozer_core::ConnResult::Reconnect("refused")
        }
        async fn run(&mut self, (): ()) -> schmoozer_core::RunResult<&'static str> {
            schmoozer_core::RunResult::Exit(Ok(()))
        }
        async fn retry_delay(
            &mut self,
            failure: schmoozer_core::Failure<&'static str>,
        ) -> schmoozer_core::RetryResult<&'static str> {
            self.0.push(failure.elapsed);
            if self.0.len() == 3 {
                return schmoozer_core::RetryResult::Exit(Ok(()));
            }
            sleep(secs(5)).await;
            schmoozer_core::RetryResult::After(Duration::ZERO)
        }
    }
    let mut slow = Slow(Vec::new());
    assert_eq!(checked(&mut slow).run().await, Ok(()));
    assert_eq!(slow.0, [ms(7); 3]);
}
