use std::time::Duration;

use schmoozer_core::{
    ConnResult, Connector, Failure, Lifecycle, Retry, RetryResult, RunResult, Session,
    connector_fn, run,
};
use schmoozer_faults::{Checker, Script, Step};
use tokio::time::{Instant, sleep, timeout};

use crate::checked::{checked, checked_by, ms, secs};

const REFUSED: Step = Step::fails(Duration::ZERO);
const OK: Step = Step::exits(Ok(()));

fn growing() -> [Duration; 12] {
    std::array::from_fn(|n| secs(1 << n))
}

/// Row 3: the server accepts, then closes.
#[tokio::test(start_paused = true)]
async fn accepting_and_closing_at_once_does_not_end_the_outage() {
    let retry = Retry::new(growing()).give_up_after(secs(20));
    let script = Script::new([Step::up(ms(0))], retry);
    let log = script.log();
    assert_eq!(checked(script).run().await, Err("lost"));
    // The next delay would be 16 s, and no longer fits.
    assert_eq!(log.attempts(), [0, 1, 3, 7, 15].map(secs));
}

/// Row 3: the delays grow until a connection is stable.
#[tokio::test(start_paused = true)]
async fn only_a_stable_connection_restarts_the_delays() {
    for (uptime, next) in [(ms(9_999), secs(4)), (ms(10_000), secs(1))] {
        let script = || Script::new([REFUSED, REFUSED, Step::up(uptime), OK], growing());
        let expected = [secs(0), secs(1), secs(3), secs(3) + uptime + next];
        let watched = script();
        let log = watched.log();
        assert_eq!(checked(watched).run().await, Ok(()));
        assert_eq!(log.attempts(), expected);
        let alone = script();
        let log = alone.log();
        assert_eq!(run(alone).await, Ok(()));
        assert_eq!(log.attempts(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn stable_after_says_how_long_that_takes() {
    for (stable_after, next) in [(secs(3), 5), (ms(3_001), 6)] {
        let lifecycle = Lifecycle::new().stable_after(stable_after);
        let script = Script::new([REFUSED, Step::up(secs(3)), OK], growing()).lifecycle(lifecycle);
        let log = script.log();
        let checker = Checker::exact().stable_after(stable_after);
        assert_eq!(checked_by(&checker, script).run().await, Ok(()));
        assert_eq!(log.attempts(), [0, 1, next].map(secs));
    }
}

/// Row 3: the server takes the login, then closes.
#[tokio::test(start_paused = true)]
async fn a_login_alone_does_not_end_the_outage() {
    let lifecycle = Lifecycle::new().ready_when_marked();
    let flap = Step::up(secs(2)).ready_after(secs(1));
    let retry = Retry::new(growing()).give_up_after(secs(60));
    let script = Script::new([flap], retry).lifecycle(lifecycle);
    let log = script.log();
    let runner = checked(script);
    let handle = runner.handle();
    assert_eq!(runner.run().await, Err("lost"));
    assert_eq!(log.attempts(), [0, 3, 7, 13, 23, 41].map(secs));
    assert_eq!(handle.stats().outages, 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_stable_by_the_time_since_it_was_ready() {
    for (login, next) in [(secs(10), 1), (ms(10_001), 4)] {
        let lifecycle = Lifecycle::new().ready_when_marked();
        let steps = [REFUSED, REFUSED, Step::up(secs(20)).ready_after(login), OK];
        let script = Script::new(steps, growing()).lifecycle(lifecycle);
        let log = script.log();
        assert_eq!(checked(script).run().await, Ok(()));
        assert_eq!(log.attempts(), [0, 1, 3, 23 + next].map(secs));
    }
}

#[tokio::test(start_paused = true)]
async fn healthy_time_does_not_count_toward_giving_up() {
    let steps = [REFUSED, Step::up(secs(3600)), REFUSED, OK];
    let retry = Retry::new(growing()).give_up_after(secs(30));
    assert_eq!(checked(Script::new(steps, retry)).run().await, Ok(()));
}

/// Row 20: the server flaps once a second for an hour.
#[tokio::test(start_paused = true)]
async fn a_flap_each_second_for_an_hour_is_one_outage() {
    const UP: u64 = 500;
    const HOUR: u64 = 3_600_000;
    // From the fifth on, the server is dialed once a second.
    let policy: Vec<_> = [50, 100, 200, 400]
        .into_iter()
        .chain(vec![500; 10_000])
        .collect();
    let retry = Retry::new(policy.iter().copied().map(ms).collect::<Vec<_>>());
    let script = Script::new([Step::up(ms(UP))], retry.give_up_after(ms(HOUR)));
    let log = script.log();
    let runner = checked(script);
    let handle = runner.handle();
    // Were each flap an outage of its own, it would go on forever.
    let ended = timeout(secs(3_700), runner.run()).await;
    assert_eq!(ended.unwrap(), Err("lost"));

    // No attempt begins later than an hour after the first failure.
    let mut due = vec![0];
    for delay in policy {
        let at = due[due.len() - 1] + UP + delay;
        if at > UP + HOUR {
            break;
        }
        due.push(at);
    }
    let due: Vec<_> = due.into_iter().map(ms).collect();
    assert_eq!(log.attempts(), due);
    let stats = handle.stats();
    let count = u64::try_from(due.len()).unwrap();
    assert_eq!((stats.attempts, stats.failures), (count, count));
    assert_eq!(stats.outages, 1);
}

/// The failure of an outage's attempt that took this long.
fn failure(attempt: u32, elapsed: Duration) -> Failure<()> {
    let mut failure = Failure::new(());
    failure.attempt = attempt;
    failure.elapsed = elapsed;
    failure
}

#[test]
fn from_start_counts_the_time_spent_connecting() {
    let mut retry = Retry::new([secs(5), secs(5)]).from_start();
    let result = retry.on_failure(failure(1, secs(2)));
    assert_eq!(result, RetryResult::After(secs(3)));
    let result = retry.on_failure(failure(2, secs(20)));
    assert_eq!(result, RetryResult::After(Duration::ZERO));
}

/// Whether a decision is to wait for this long, and up to 10 % longer.
fn is_about(result: &RetryResult<()>, asked: Duration) -> bool {
    matches!(result, RetryResult::After(delay) if (asked..=asked + asked / 10).contains(delay))
}

#[test]
fn a_hint_is_taken_within_bounds_and_uses_a_retry_up() {
    let mut retry = Retry::new([secs(1); 3]);
    let result = retry.on_failure_asked(failure(1, ms(0)), Some(secs(30)));
    assert!(is_about(&result, secs(30)), "{result:?}");
    let result = retry.on_failure_asked(failure(2, ms(0)), None);
    assert_eq!(result, RetryResult::After(secs(1)));
    let result = retry.on_failure_asked(failure(3, ms(0)), Some(Duration::MAX));
    assert!(is_about(&result, secs(300)), "{result:?}");
    let result = retry.on_failure_asked(failure(4, ms(0)), Some(secs(1)));
    assert_eq!(result, RetryResult::GiveUp(()));

    let mut retry = Retry::new([secs(1)]).hint_at_most(secs(20));
    let result = retry.on_failure_asked(failure(1, ms(0)), Some(secs(60)));
    assert!(is_about(&result, secs(20)), "{result:?}");
}

#[test]
fn a_hint_spreads_those_that_are_given_the_same_one() {
    let decided = || {
        let mut retry = Retry::new([secs(1)]);
        retry.on_failure_asked(failure(1, ms(0)), Some(secs(60)))
    };
    let first = decided();
    // Of a million places in the 6 s, twenty are not the same one by chance.
    assert!((0..20).any(|_| decided() != first));
}

#[test]
fn a_hint_that_does_not_fit_the_time_to_give_up_ends_the_retries() {
    for (asked, result) in [
        (secs(60), RetryResult::GiveUp(())),
        (ms(0), RetryResult::After(ms(0))),
    ] {
        let mut retry = Retry::new([secs(1)]).give_up_after(secs(15));
        assert_eq!(
            retry.on_failure_asked(failure(1, ms(0)), Some(asked)),
            result
        );
    }
}

#[test]
fn a_hint_counts_from_the_failure_that_held_it() {
    let mut retry = Retry::new([secs(5)]).from_start();
    let result = retry.on_failure_asked(failure(1, secs(20)), Some(secs(30)));
    assert!(is_about(&result, secs(30)), "{result:?}");
}

#[test]
fn a_retry_shows_what_was_set() {
    let retry = Retry::new([secs(1)]).give_up_after(secs(3));
    let shown = format!("{retry:?}");
    assert!(
        shown.contains("policy: [1s], give_up_after: Some(3s)"),
        "{shown}"
    );
}

#[test]
fn the_first_attempt_of_an_outage_restarts_the_policy() {
    let mut retry = Retry::new([secs(1), secs(2)]);
    for (attempt, delay) in [(1, 1), (2, 2), (1, 1), (1, 1)] {
        let result = retry.on_failure(failure(attempt, ms(0)));
        assert_eq!(result, RetryResult::After(secs(delay)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_comes_after_its_connection_was_lost_counts_for_nothing() {
    let lifecycle = Lifecycle::new().ready_when_marked();
    let mut sessions = Vec::new();
    let begin = Instant::now();
    let mut attempts = Vec::new();
    let connector = connector_fn(
        || {
            attempts.push(begin.elapsed());
            std::future::ready(Ok(()))
        },
        |(), session: Session| {
            sessions.push(session);
            // The first connection's session, while the second is up.
            sessions[0].ready();
            let up = if sessions.len() == 1 { ms(0) } else { secs(20) };
            let lost = sessions.len() < 4;
            async move {
                sleep(up).await;
                if lost {
                    Err("lost")
                } else {
                    Ok(schmoozer_core::End::Exit)
                }
            }
        },
        growing(),
    )
    .lifecycle(lifecycle);
    assert_eq!(checked(connector).run().await, Ok(()));
    // No connection but the first was ready, and none was stable.
    assert_eq!(attempts, [0, 1, 23, 47].map(secs));
    assert!(sessions.iter().all(|session| !session.was_stable()));
}

/// The times at which a connector of closures connects, to a server that lets it in, after `connecting`, and hangs up
/// at once.
async fn attempts_at_a_closing_server(
    retry: Retry<Vec<Duration>>,
    connecting: Duration,
    hint: Option<Duration>,
) -> Vec<Duration> {
    let begin = Instant::now();
    let mut attempts = Vec::new();
    let connector = connector_fn(
        || {
            attempts.push(begin.elapsed());
            async move {
                sleep(connecting).await;
                Ok(())
            }
        },
        |(), _| std::future::ready(Err("closed")),
        retry,
    )
    .hint(move |cause| hint.filter(|_| *cause == "closed"));
    assert_eq!(checked(connector).run().await, Err("closed"));
    attempts
}

#[tokio::test(start_paused = true)]
async fn a_closing_server_meets_delays_from_the_start_of_the_attempt() {
    let retry = Retry::new([5, 2, 1].map(secs).to_vec()).from_start();
    let attempts = attempts_at_a_closing_server(retry, secs(2), None).await;
    // The last two have passed by the time at which the server closes.
    assert_eq!(attempts, [0, 5, 7, 9].map(secs));
}

#[tokio::test(start_paused = true)]
async fn a_closing_server_is_asked_again_when_it_says() {
    let retry = Retry::new(vec![secs(1); 3]);
    let attempts = attempts_at_a_closing_server(retry, ms(0), Some(secs(30))).await;
    assert_eq!(attempts.len(), 4);
    for pair in attempts.windows(2) {
        let delay = pair[1].checked_sub(pair[0]).unwrap();
        // The timer rounds up to its millisecond.
        assert!((secs(30)..=ms(33_001)).contains(&delay), "{delay:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn giving_up_counts_over_flaps_and_over_what_the_server_asks_for() {
    let retry = Retry::new(growing().to_vec()).give_up_after(secs(20));
    let attempts = attempts_at_a_closing_server(retry, secs(1), Some(secs(7))).await;
    // Failures at 1 s, 9 s and a little later, and 17 s and a little later; the next attempt would be over 20 s late.
    assert_eq!(attempts.len(), 3);
    assert!(attempts[2] < secs(1) + secs(20), "{attempts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stable_connection_that_is_lost_is_an_outage_of_its_own_each_time() {
    for uptime in [0, 1] {
        let lifecycle = Lifecycle::new().stable_after(Duration::ZERO);
        let steps = [vec![Step::up(secs(uptime)); 4], vec![OK]].concat();
        let script = Script::new(steps, growing()).lifecycle(lifecycle);
        let log = script.log();
        let checker = Checker::exact().stable_after(Duration::ZERO);
        let runner = checked_by(&checker, script);
        let handle = runner.handle();
        assert_eq!(runner.run().await, Ok(()));
        // Never the second delay, and never none.
        assert_eq!(
            log.attempts(),
            [0, 1, 2, 3, 4].map(|n| n * secs(1 + uptime))
        );
        assert_eq!(handle.stats().outages, 4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stable_connection_that_dies_at_once_meets_the_minimum_all_the_same() {
    let lifecycle = Lifecycle::new().stable_after(Duration::ZERO);
    let steps = [vec![Step::up(ms(0)); 3], vec![OK]].concat();
    let script = Script::new(steps, [ms(0); 9]).lifecycle(lifecycle);
    let log = script.log();
    let checker = Checker::exact().stable_after(Duration::ZERO);
    assert_eq!(checked_by(&checker, script).run().await, Ok(()));
    assert_eq!(log.attempts(), [0, 10, 20, 30].map(ms));
}

#[tokio::test(start_paused = true)]
async fn min_interval_keeps_attempts_further_apart_when_it_is_set() {
    let lifecycle = Lifecycle::new().min_interval(secs(3));
    let script = Script::new([Step::up(secs(1))], [ms(0); 3]).lifecycle(lifecycle);
    let log = script.log();
    let checker = Checker::exact().min_interval(secs(3));
    assert_eq!(checked_by(&checker, script).run().await, Err("lost"));
    assert_eq!(log.attempts(), [0, 3, 6, 9].map(secs));
}

#[tokio::test(start_paused = true)]
async fn an_outage_counts_from_its_first_failure_and_not_from_the_first_decision() {
    /// Takes three seconds to ask for a delay.
    struct Slow(Retry<[Duration; 9]>, Vec<Duration>, Instant);

    impl Connector for Slow {
        type Connection = ();
        type Error = &'static str;

        async fn connect(&mut self) -> ConnResult<(), &'static str> {
            self.1.push(self.2.elapsed());
            ConnResult::Reconnect("refused")
        }

        async fn run(&mut self, (): (), _: Session) -> RunResult<&'static str> {
            RunResult::Exit(Ok(()))
        }

        async fn retry_delay(
            &mut self,
            failure: Failure<&'static str>,
        ) -> RetryResult<&'static str> {
            sleep(secs(3)).await;
            self.0.on_failure(failure)
        }
    }

    let slow = || {
        let retry = Retry::new([secs(4); 9]).give_up_after(secs(24));
        Slow(retry, Vec::new(), Instant::now())
    };
    let mut watched = slow();
    assert_eq!(checked(&mut watched).run().await, Err("refused"));
    assert_eq!(watched.1, [0, 7, 14, 21].map(secs));
    let mut alone = slow();
    assert_eq!(run(&mut alone).await, Err("refused"));
    assert_eq!(alone.1, [0, 7, 14, 21].map(secs));
}
