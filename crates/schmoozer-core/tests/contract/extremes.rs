//! Rule 11: nothing overflows, and nothing panics on any configuration.

use std::future::Future as _;
use std::time::Duration;

use schmoozer_core::{End, Session};
use tokio::time::sleep;

use crate::scene::{Script, both, ends, fails, hangs, ms, secs, serves, stays, up};

/// Row 22: the longest delay waits; it can be cut short.
#[tokio::test(start_paused = true)]
async fn the_longest_delay_is_waited_for_and_can_be_cut_short() {
    let (log, handle, task) = Script::new([fails(ms(0)), stays()], [Duration::MAX]).spawn();
    sleep(secs(86_400 * 365)).await;
    assert_eq!(log.attempts(), [0]);
    handle.retry_now();
    sleep(secs(1)).await;
    assert_eq!(log.attempts().len(), 2);
    task.abort();
    let script = Script::new([fails(ms(0))], [Duration::MAX]);
    assert!(
        tokio::time::timeout(secs(86_400), script.runner().run())
            .await
            .is_err()
    );
}

/// Row 22: a policy without a delay.
#[tokio::test(start_paused = true)]
async fn a_policy_of_nothing_ends_with_the_first_cause() {
    let (log, result) = both(|| Script::new([fails(secs(1))], [])).await;
    assert_eq!((log.attempts(), result), (vec![0], Err("refused")));
}

#[tokio::test(start_paused = true)]
async fn every_option_takes_no_time_and_all_the_time() {
    for time in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
        for marked in [false, true] {
            let steps = [up(secs(1)), ends(secs(1), End::Renew), hangs()];
            let mut script = Script::new(steps, [time; 3])
                .stable_after(time)
                .min_interval(time.min(secs(3_600)))
                .retry(|retry| retry.give_up_after(time).hint_at_most(time))
                .steered()
                .held_up();
            if marked {
                script = script.ready_when_marked();
            }
            let log = script.log();
            let runner = script
                .runner()
                .grace(time)
                .max_age(time)
                .connect_timeout_with(time, || "too slow")
                .shutdown(sleep(secs(600)));
            let _ = runner.run().await;
            assert!(log.now() <= 600_000);
            assert_eq!(log.live(), 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_min_interval_without_end_allows_one_attempt() {
    let (log, handle, task) = Script::new([fails(ms(0)), stays()], [secs(1)])
        .min_interval(Duration::MAX)
        .spawn();
    sleep(secs(86_400)).await;
    handle.retry_now();
    sleep(secs(86_400)).await;
    assert_eq!(log.attempts(), [0]);
    handle.shutdown();
    assert_eq!(task.await.unwrap(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_grace_without_end_is_waited_for() {
    let script = Script::new([up(secs(86_400))], []).steered();
    let runner = script.runner().grace(Duration::MAX);
    let handle = runner.handle();
    let task = tokio::spawn(runner.run());
    sleep(secs(60)).await;
    handle.shutdown();
    assert_eq!(task.await.unwrap(), Ok(()));
    assert_eq!(handle.stopped().await.cause.as_deref(), Some("lost"));
}

/// Row 21: an outage of a week.
#[tokio::test(start_paused = true)]
async fn an_outage_of_a_week_is_counted_without_drift() {
    let week = secs(7 * 86_400);
    let script = || Script::new((0..20_160).map(|_| fails(ms(0))), vec![secs(30); 20_160]);
    let (log, _) = both(script).await;
    assert_eq!(u64::try_from(week.as_millis()).unwrap(), log.now());
    let last = log.failures().pop().unwrap();
    assert_eq!((last.attempt, last.outage), (20_160, secs(7 * 86_400 - 30)));
}

/// Row 20: an hour of flaps is one outage.
#[tokio::test(start_paused = true)]
async fn an_hour_of_flaps_is_one_outage() {
    let script = Script::new(
        (0..3_600).map(|_| up(ms(500))).chain([stays()]),
        vec![ms(500); 3_600],
    );
    let (_, handle, task) = script.spawn();
    sleep(secs(3_700)).await;
    let stats = handle.stats();
    assert_eq!(
        (stats.outages, stats.failures, stats.attempts),
        (1, 3_600, 3_601)
    );
    assert_eq!((stats.outage_since, handle.outage()), (None, None));
    task.abort();
}

/// Every shutdown in every grace ends without spinning: in paused time a loop that spins never ends.
#[tokio::test(start_paused = true)]
async fn a_loop_that_waits_for_a_grace_is_idle() {
    let polls = std::sync::Arc::new(std::sync::Mutex::new(0_u32));
    let counted = std::sync::Arc::clone(&polls);
    let counts = serves(async move |session: Session| {
        let end = session.stopping().await;
        let mut goodbye = std::pin::pin!(sleep(secs(4)));
        std::future::poll_fn(|cx| {
            *counted.lock().unwrap() += 1;
            goodbye.as_mut().poll(cx)
        })
        .await;
        Ok(end)
    });
    let (_, handle, task) = Script::new([counts], []).spawn();
    sleep(secs(20)).await;
    handle.shutdown();
    task.await.unwrap().unwrap();
    assert!(*polls.lock().unwrap() <= 4, "{}", polls.lock().unwrap());
}
