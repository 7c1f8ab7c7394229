use std::time::Duration;

use schmoozer_core::{
    ConnResult, Connector, Delays, Failure, Hint, RetryResult, RunResult, connector_fn, establish,
};
use tokio::time::{Instant, sleep, timeout};

use crate::script::{Policy, Script, Step, checked, ms, secs};

fn growing() -> Vec<Duration> {
    (0..12).map(|n| secs(1 << n)).collect()
}

/// Row 3: the server accepts, then closes.
#[tokio::test(start_paused = true)]
async fn accepting_and_closing_at_once_does_not_end_the_outage() {
    let delays = Delays::new(growing()).give_up_after(secs(20));
    let mut script = Script::new([Step::Up(ms(0))], delays);
    assert_eq!(checked(&mut script).run().await, Err("lost"));
    // The last delay is cut, so that one more attempt falls on the end of the time.
    assert_eq!(script.attempts(), [0, 1_000, 3_000, 7_000, 15_000, 20_000]);
}

/// Row 3: the delays grow until a connection has lasted.
#[tokio::test(start_paused = true)]
async fn only_a_connection_that_lasted_starts_the_delays_afresh() {
    for (uptime, next) in [(ms(9_999), 4_000), (ms(10_000), 1_000)] {
        let steps = [
            Step::Fails(ms(0)),
            Step::Fails(ms(0)),
            Step::Up(uptime),
            Step::Exits(Ok(())),
        ];
        let mut script = Script::new(steps, Delays::new(growing()));
        assert_eq!(checked(&mut script).run().await, Ok(()));
        let lost = 3_000 + u64::try_from(uptime.as_millis()).unwrap();
        assert_eq!(script.attempts(), [0, 1_000, 3_000, lost + next]);
    }
}

#[tokio::test(start_paused = true)]
async fn reset_after_says_how_long_that_is() {
    let steps = [Step::Fails(ms(0)), Step::Up(secs(3)), Step::Exits(Ok(()))];
    let mut script = Script::new(steps, Delays::new(growing()).reset_after(secs(3)));
    assert_eq!(checked(&mut script).run().await, Ok(()));
    assert_eq!(script.attempts(), [0, 1_000, 5_000]);
}

#[tokio::test(start_paused = true)]
async fn a_mark_ends_the_outage() {
    let steps = [
        Step::Fails(ms(0)),
        Step::Fails(ms(0)),
        Step::Good(ms(20)),
        Step::Exits(Ok(())),
    ];
    let mut script = Script::new(steps, Delays::new(growing()));
    assert_eq!(checked(&mut script).run().await, Ok(()));
    assert_eq!(script.attempts(), [0, 1_000, 3_000, 4_020]);
}

#[tokio::test(start_paused = true)]
async fn a_mark_without_a_connection_counts_for_nothing() {
    let mut delays = Delays::new(growing());
    let health = delays.health();
    assert_eq!(
        delays.on_failure(Failure::new(())),
        RetryResult::After(secs(1))
    );
    health.mark();
    assert_eq!(
        delays.on_failure(Failure::new(())),
        RetryResult::After(secs(2))
    );
    let mut lost = Failure::new(());
    lost.uptime = Some(ms(1));
    assert_eq!(delays.on_failure(lost), RetryResult::After(secs(4)));
}

#[tokio::test(start_paused = true)]
async fn healthy_time_does_not_count_toward_giving_up() {
    let steps = [
        Step::Fails(ms(0)),
        Step::Up(secs(3600)),
        Step::Fails(ms(0)),
        Step::Exits(Ok(())),
    ];
    let mut script = Script::new(steps, Delays::new(growing()).give_up_after(secs(30)));
    assert_eq!(checked(&mut script).run().await, Ok(()));
}

/// Row 20: the server flaps once a second for an hour.
#[tokio::test(start_paused = true)]
async fn a_flap_each_second_for_an_hour_is_one_outage() {
    const UP: u64 = 500;
    // From the fifth on, the server is dialed once a second.
    let policy: Vec<_> = [50, 100, 200, 400]
        .into_iter()
        .chain(vec![500; 10_000])
        .collect();
    let delays = Delays::new(policy.iter().copied().map(ms).collect::<Vec<_>>());
    let mut script = Script::new([Step::Up(ms(UP))], delays.give_up_after(secs(3600)));
    let runner = checked(&mut script);
    let handle = runner.handle();
    // Were each flap an outage of its own, it would go on for ever.
    let ended = timeout(secs(3_700), runner.run()).await;
    assert_eq!(ended.unwrap(), Err("lost"));

    // The last wait is cut, so that one more attempt falls on the end of the hour after the first failure.
    let end = UP + 3_600_000;
    let mut due = vec![0];
    for delay in policy {
        let at = (due[due.len() - 1] + UP + delay).min(end);
        due.push(at);
        if at == end {
            break;
        }
    }
    let attempts = script.attempts();
    assert_eq!(attempts, due);
    let stats = handle.stats();
    let count = u64::try_from(attempts.len()).unwrap();
    assert_eq!((stats.attempts, stats.failures), (count, count));
    assert_eq!(stats.outages, 1);
}

#[test]
fn attempts_start_apart_by_the_floor() {
    let mut delays = Delays::new(vec![Duration::ZERO; 3]).hint(|(): &()| Some(Duration::ZERO));
    let mut failure = Failure::new(());
    assert_eq!(delays.on_failure(failure), RetryResult::After(ms(10)));
    failure.elapsed = ms(4);
    assert_eq!(delays.on_failure(failure), RetryResult::After(ms(6)));
    failure.elapsed = ms(40);
    assert_eq!(
        delays.on_failure(failure),
        RetryResult::After(Duration::ZERO)
    );
    let mut delays = Delays::new([secs(1)]).at_least(secs(3));
    assert_eq!(
        delays.on_failure(Failure::new(())),
        RetryResult::After(secs(3))
    );
}

#[test]
fn from_start_counts_the_time_spent_connecting() {
    let mut delays = Delays::new([secs(5), secs(5)]).from_start();
    let mut failure = Failure::new(());
    failure.elapsed = secs(2);
    assert_eq!(delays.on_failure(failure), RetryResult::After(secs(3)));
    failure.elapsed = secs(20);
    assert_eq!(
        delays.on_failure(failure),
        RetryResult::After(Duration::ZERO)
    );
}

#[test]
fn a_hint_is_taken_within_bounds_and_uses_a_retry_up() {
    let mut delays = Delays::new([secs(1); 3]).hint(|asked: &Option<Duration>| *asked);
    assert_eq!(
        delays.on_failure(Failure::new(Some(secs(30)))),
        RetryResult::After(secs(30))
    );
    assert_eq!(
        delays.on_failure(Failure::new(None)),
        RetryResult::After(secs(1))
    );
    assert_eq!(
        delays.on_failure(Failure::new(Some(Duration::MAX))),
        RetryResult::After(secs(300))
    );
    let last = Some(secs(1));
    assert_eq!(
        delays.on_failure(Failure::new(last)),
        RetryResult::Exit(Err(last))
    );
    let mut delays = Delays::new([secs(1)])
        .hint(|(): &()| Some(secs(60)))
        .hint_at_most(secs(20));
    assert_eq!(
        delays.on_failure(Failure::new(())),
        RetryResult::After(secs(20))
    );
}

#[tokio::test(start_paused = true)]
async fn a_hint_does_not_pass_the_time_to_give_up() {
    let mut delays = Delays::new([secs(1)])
        .hint(|(): &()| Some(secs(60)))
        .give_up_after(secs(15));
    assert_eq!(
        delays.on_failure(Failure::new(())),
        RetryResult::After(secs(15))
    );
}

#[test]
fn delays_show_what_was_set_and_whether_an_outage_goes_on() {
    let mut delays = Delays::new([secs(1)]).reset_after(secs(3));
    let shown = format!("{delays:?}");
    assert!(shown.starts_with("Delays { policy: [1s], in_outage: false, reset_after: 3s, "));
    let _ = delays.on_failure(Failure::new(()));
    assert!(format!("{delays:?}").contains("in_outage: true"));
}

#[test]
fn a_reset_starts_the_policy_afresh() {
    let mut delays = Delays::new([secs(1), secs(2)]);
    assert_eq!(
        delays.on_failure(Failure::new(())),
        RetryResult::After(secs(1))
    );
    delays.reset();
    assert_eq!(
        delays.on_failure(Failure::new(())),
        RetryResult::After(secs(1))
    );
}

#[tokio::test(start_paused = true)]
async fn a_mark_that_comes_after_its_connection_was_lost_counts_for_nothing() {
    let steps = [
        Step::Fails(ms(0)),
        Step::Up(ms(0)),
        Step::Up(secs(1)),
        Step::Exits(Ok(())),
    ];
    let mut script = Script::new(steps, Delays::new(growing()));
    let health = script.health.clone();
    let late = async {
        // The second connection, which comes at 3 s, was not marked.
        sleep(secs(2)).await;
        health.mark();
    };
    let (result, ()) = tokio::join!(checked(&mut script).run(), late);
    assert_eq!(result, Ok(()));
    assert_eq!(script.attempts(), [0, 1_000, 3_000, 8_000]);
}

/// The milliseconds at which a connector of closures with these delays connects, to a server that lets
/// it in, after `connecting`, and hangs up at once.
async fn attempts_at_a_closing_server<H>(
    delays: Delays<Policy, H>,
    connecting: Duration,
    marks: bool,
) -> Vec<u128>
where
    H: Hint<&'static str> + Send,
{
    let begin = Instant::now();
    let mut attempts = Vec::new();
    let health = delays.health();
    let connector = connector_fn(
        || {
            attempts.push(begin.elapsed().as_millis());
            async move {
                sleep(connecting).await;
                Ok(())
            }
        },
        |()| {
            if marks {
                health.mark();
            }
            std::future::ready(Err("closed"))
        },
        delays,
    );
    let limited = tokio::time::timeout(secs(95), checked(connector).run());
    if let Ok(ended) = limited.await {
        assert_eq!(ended, Err("closed"));
    }
    attempts
}

#[tokio::test(start_paused = true)]
async fn a_closing_server_meets_the_floor() {
    let delays = Delays::new(vec![Duration::ZERO; 3]).at_least(secs(3));
    let attempts = attempts_at_a_closing_server(delays, secs(1), false).await;
    assert_eq!(attempts, [0, 3_000, 6_000, 9_000]);
}

#[tokio::test(start_paused = true)]
async fn a_closing_server_meets_delays_from_the_start_of_the_attempt() {
    let delays = Delays::new(vec![secs(5), secs(2), secs(1)]).from_start();
    let attempts = attempts_at_a_closing_server(delays, secs(2), false).await;
    // The last two have passed by the time at which the server closes.
    assert_eq!(attempts, [0, 5_000, 7_000, 9_000]);
}

#[tokio::test(start_paused = true)]
async fn a_closing_server_is_asked_again_when_it_says() {
    let delays = Delays::new(vec![secs(1); 3])
        .hint(|cause: &&'static str| (*cause == "closed").then_some(secs(30)));
    let attempts = attempts_at_a_closing_server(delays, ms(0), false).await;
    assert_eq!(attempts, [0, 30_000, 60_000, 90_000]);
}

#[tokio::test(start_paused = true)]
async fn a_closing_server_that_was_marked_as_good_starts_the_delays_afresh() {
    let delays = || Delays::new(vec![secs(10), secs(40), secs(80)]);
    let marked = attempts_at_a_closing_server(delays(), ms(0), true).await;
    assert_eq!(marked, (0..=9).map(|n| n * 10_000).collect::<Vec<_>>());
    let unmarked = attempts_at_a_closing_server(delays(), ms(0), false).await;
    assert_eq!(unmarked, [0, 10_000, 50_000]);
}

#[test]
fn a_hint_counts_from_the_failure_that_held_it() {
    let mut delays = Delays::new([secs(5)])
        .from_start()
        .hint(|(): &()| Some(secs(30)));
    let mut failure = Failure::new(());
    failure.elapsed = secs(2);
    assert_eq!(delays.on_failure(failure), RetryResult::After(secs(30)));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_marked_and_dies_at_once_is_an_outage_of_its_own_each_time() {
    for uptime in [0, 1] {
        let steps = [vec![Step::Good(ms(uptime)); 4], vec![Step::Exits(Ok(()))]].concat();
        let mut script = Script::new(steps, Delays::new(growing()));
        let runner = checked(&mut script);
        let handle = runner.handle();
        assert_eq!(runner.run().await, Ok(()));
        // Never the second delay, and never none.
        let round = 1_000 + uptime;
        assert_eq!(script.attempts(), [0, 1, 2, 3, 4].map(|n| n * round));
        assert_eq!(handle.stats().outages, 4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_marked_connection_that_dies_at_once_meets_the_floor_all_the_same() {
    let steps = [vec![Step::Good(ms(0)); 3], vec![Step::Exits(Ok(()))]].concat();
    let mut script = Script::new(steps, Delays::new(vec![ms(0); 9]));
    assert_eq!(checked(&mut script).run().await, Ok(()));
    assert_eq!(script.attempts(), [0, 10, 20, 30]);
}

#[tokio::test(start_paused = true)]
async fn giving_up_counts_over_flaps_and_over_what_the_server_asks_for() {
    let delays = Delays::new(growing())
        .give_up_after(secs(20))
        .hint(|_: &&'static str| Some(secs(7)));
    let attempts = attempts_at_a_closing_server(delays, secs(1), false).await;
    // The first failure is a second in, and the last wait is cut to end 20 s after it.
    assert_eq!(attempts, [0, 8_000, 16_000, 21_000]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_counts_from_its_first_failure_and_not_from_the_first_decision() {
    /// Takes three seconds to ask for a delay.
    struct Broods(Delays<Policy>, Vec<u128>, Instant);

    impl Connector for Broods {
        type Connection = ();
        type Error = &'static str;

        async fn connect(&mut self) -> ConnResult<(), &'static str> {
            self.1.push(self.2.elapsed().as_millis());
            ConnResult::Reconnect("refused")
        }

        async fn run(&mut self, (): ()) -> RunResult<&'static str> {
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

    let broods = || {
        let delays = Delays::new(vec![secs(4); 9]).give_up_after(secs(20));
        Broods(delays, Vec::new(), Instant::now())
    };
    let mut run_by_the_loop = broods();
    assert_eq!(checked(&mut run_by_the_loop).run().await, Err("refused"));
    assert_eq!(run_by_the_loop.1, [0, 7_000, 14_000, 20_000]);
    let mut established = broods();
    assert_eq!(establish(&mut established).await, Err("refused"));
    assert_eq!(established.1, [0, 7_000, 14_000, 20_000]);
}
