//! Rules 3, 4, 7 and 9: what can be cut short, how far attempts are apart, and what there is only one of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use schmoozer_core::{End, Session, run};
use tokio::time::{sleep, timeout};

use crate::checked::checked;
use crate::scene::{Script, Step, both, deaf, ends, fails, hangs, ms, secs, serves, up};

/// Row 24: both loops, dropped in each state.
#[tokio::test(start_paused = true)]
async fn dropping_the_future_leaves_no_connection_in_any_state() {
    let steps: [fn() -> Step; 5] = [
        hangs,
        || fails(ms(0)),
        deaf,
        || ends(ms(0), End::Renew),
        || up(secs(600)),
    ];
    for step in steps {
        let script = Script::new([step()], [secs(60)]);
        let log = script.log();
        assert!(timeout(secs(5), run(script)).await.is_err());
        assert_eq!((log.now(), log.live()), (5_000, 0));
        let script = Script::new([step()], [secs(60)]);
        let log = script.log();
        assert!(timeout(secs(5), script.runner().run()).await.is_err());
        assert_eq!((log.now(), log.live()), (5_000, 0));
        assert!(log.events().pop().unwrap().contains("stopped Dropped"));
    }
}

/// Row 22: a policy of zeros.
#[tokio::test(start_paused = true)]
async fn attempts_are_ten_milliseconds_apart_whatever_the_policy_says() {
    let script = || Script::new((0..5).map(|_| fails(ms(0))), vec![ms(0); 9]);
    let (log, _) = both(script).await;
    assert_eq!(log.attempts(), [0, 10, 20, 30, 40, 50]);
    // From start to start: what has taken longer is followed at once.
    let script = || Script::new([fails(ms(7)), fails(ms(30)), up(ms(3))], vec![ms(0); 9]);
    let (log, _) = both(script).await;
    assert_eq!(log.attempts(), [0, 10, 40, 50]);
    let script =
        || Script::new((0..3).map(|_| fails(ms(0))), vec![ms(40); 9]).min_interval(secs(5));
    let (log, _) = both(script).await;
    assert_eq!(log.attempts(), [0, 5_000, 10_000, 15_000]);
}

/// Row 22: also where there is nothing to wait for, other tasks run.
#[tokio::test(start_paused = true)]
async fn a_zero_delay_still_yields() {
    for full in [false, true] {
        let ticks = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&ticks);
        let ticking = tokio::spawn(async move {
            loop {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
        });
        let script =
            Script::new((0..100).map(|_| fails(ms(0))), vec![ms(0); 100]).min_interval(ms(0));
        if full {
            script.runner().run().await.unwrap();
        } else {
            run(script).await.unwrap();
        }
        assert!(ticks.load(Ordering::SeqCst) >= 100);
        ticking.abort();
    }
}

/// Renewals that are early and short keep their distance too.
#[tokio::test(start_paused = true)]
async fn planned_ends_keep_the_distance_between_attempts() {
    let script = || {
        Script::new((0..5).map(|_| ends(ms(0), End::Renew)), [])
            .ready_when_marked()
            .stable_after(ms(1))
            .min_interval(ms(500))
    };
    let (log, _) = both(script).await;
    assert_eq!(log.attempts(), [0, 500, 1_000, 1_500, 2_000, 2_500]);
}

/// Both loops decide alike on whatever comes, and the checker finds no fault in their stories.
#[tokio::test(start_paused = true)]
async fn both_loops_decide_alike_on_random_lives() {
    // Source: Marsaglia, Xorshift RNGs.
    fn draw(state: &mut u64, below: u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state % below
    }
    for seed in 1..=300_u64 {
        let script = || {
            let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let steps: Vec<_> = (0..40)
                .map(|_| {
                    let time = ms(draw(&mut state, 3_000));
                    match draw(&mut state, 5) {
                        0 => fails(time),
                        1 => up(time).takes(time),
                        // Not stable: the wait after it is not drawn at random.
                        2 => ends(time.min(ms(1_999)), End::Renew),
                        3 => serves(async move |session: Session| {
                            sleep(time).await;
                            session.ready();
                            sleep(time).await;
                            Err("lost")
                        }),
                        _ => up(time * 10),
                    }
                })
                .collect();
            let delays: Vec<_> = (0..30).map(|_| ms(draw(&mut state, 2_000))).collect();
            let mut script = Script::new(steps, delays)
                .stable_after(secs(2))
                .min_interval(ms(draw(&mut state, 1_000)))
                .retry(|retry| retry.give_up_after(secs(200)));
            if seed % 2 == 0 {
                script = script.ready_when_marked();
            }
            script
        };
        let (log, _) = both(script).await;
        assert!(log.attempts().len() > 2);
    }
}

/// Row 30: what was stopped runs again, and starts clean.
#[tokio::test(start_paused = true)]
async fn a_connector_that_was_stopped_runs_again() {
    let steps = [fails(ms(0)), fails(ms(0)), fails(ms(0)), fails(ms(0))];
    let mut script = Script::new(steps, [1, 60].map(secs));
    let log = script.log();
    for _ in 0..2 {
        let stop = sleep(secs(10));
        let runner = checked(&mut script).shutdown(stop);
        assert_eq!(runner.run().await, Ok(()));
    }
    assert_eq!(log.attempts(), [0, 1_000, 10_000, 11_000]);
    let attempts: Vec<_> = log.failures().iter().map(|it| it.attempt).collect();
    assert_eq!(attempts, [1, 2, 1, 2]);
}

/// Row 27: a panic reaches the caller, and those that wait.
#[tokio::test(start_paused = true)]
async fn a_panic_reaches_the_caller_and_leaves_no_one_waiting() {
    let panics = || serves(async |_: Session| panic!("on purpose"));
    let (log, handle, task) = Script::new([fails(secs(1)), panics()], [secs(1)])
        .ready_when_marked()
        .spawn();
    let waiting = tokio::spawn({
        let handle = handle.clone();
        async move { (handle.connected().await, handle.stopped().await) }
    });
    assert!(task.await.unwrap_err().is_panic());
    let (connected, stopped) = waiting.await.unwrap();
    assert_eq!(stopped.why, schmoozer_core::Why::Dropped);
    assert_eq!(stopped.cause.as_deref(), Some("refused"));
    assert_eq!(connected, Err(stopped));
    assert_eq!(log.live(), 0);
    let plain = Script::new([panics()], []);
    assert!(tokio::spawn(run(plain)).await.unwrap_err().is_panic());
}

/// Row 28: an observer that panics.
#[tokio::test(start_paused = true)]
async fn an_observers_panic_reaches_the_caller() {
    let script = Script::new([up(secs(1))], []);
    let runner = script.runner().on_event(|event| {
        assert!(
            !matches!(event, schmoozer_core::Event::Ready { .. }),
            "on purpose"
        );
    });
    let handle = runner.handle();
    assert!(tokio::spawn(runner.run()).await.unwrap_err().is_panic());
    assert_eq!(handle.stopped().await.why, schmoozer_core::Why::Dropped);
}
