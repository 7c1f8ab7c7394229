use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use schmoozer_core::{Current, Delays, Pacer, Runner, Status, Stopped, establish, run};
use tokio::time::{Instant, advance, sleep, timeout};

use crate::polls::polled;
use crate::script::{Script, Step, ms, secs};

/// Connecting until 1 s, connected until 3 s, waiting until 5 s, exits.
fn script() -> Script {
    let steps = [Step::Fails(secs(1)), Step::Up(secs(2)), Step::Exits(Ok(()))];
    Script::new(steps, Delays::new(vec![ms(20), secs(2)]))
}

fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

/// Row 24: the loop is dropped in each state, after each number of polls.
#[tokio::test(start_paused = true)]
async fn a_loop_dropped_in_any_state_leaves_nothing() {
    for (drop_at, live) in [(ms(500), 0), (ms(1_010), 0), (ms(2_000), 1), (ms(4_000), 0)] {
        let script = script();
        let counted = script.live.clone();
        let before = tasks();
        {
            let mut running = Box::pin(run(script));
            timeout(drop_at, &mut running).await.unwrap_err();
            assert_eq!(counted.load(Ordering::SeqCst), live, "{drop_at:?}");
        }
        assert_eq!(counted.load(Ordering::SeqCst), 0, "{drop_at:?}");
        assert_eq!(tasks(), before);
    }
}

struct Task;

impl Wake for Task {
    fn wake(self: Arc<Self>) {}
}

/// How many hold on to the task of a future that is dropped at this time: before the drop, and after it.
async fn holders(future: impl Future, drop_at: Duration) -> (usize, usize) {
    let task = Arc::new(Task);
    let mut future = Box::pin(future);
    let begin = Instant::now();
    loop {
        let waker = Waker::from(Arc::clone(&task));
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        drop(waker);
        if begin.elapsed() >= drop_at {
            break;
        }
        advance(ms(10)).await;
    }
    let before = Arc::strong_count(&task) - 1;
    drop(future);
    (before, Arc::strong_count(&task) - 1)
}

/// Row 24: no timer and no handle holds on to a dropped task.
#[tokio::test(start_paused = true)]
async fn no_timer_and_no_handle_keeps_the_task_of_a_loop_dropped_in_any_state() {
    for drop_at in [ms(0), ms(500), ms(1_010), ms(2_000), ms(4_000)] {
        // While connected and watched, also what waits for the connection to have lasted, and for its mark.
        let timers = if drop_at == secs(2) { 3 } else { 1 };
        let by_itself = if cfg!(feature = "tracing") { timers } else { 1 };
        let running = holders(run(script()), drop_at).await;
        assert_eq!(running, (by_itself, 0), "{drop_at:?}");

        let runner = Runner::new(script()).shutdown(sleep(secs(60)));
        let handle = runner.handle();
        let (before, after) = holders(runner.run(), drop_at).await;
        // The shutdown's timer, and the handle, which wakes the loop.
        assert_eq!((before, after), (timers + 2, 0), "{drop_at:?}");
        assert_eq!(handle.status(), Status::Stopped);
    }
    for drop_at in [ms(500), ms(1_010)] {
        let mut script = script();
        let establishing = holders(establish(&mut script), drop_at).await;
        assert_eq!(establishing, (1, 0), "{drop_at:?}");
    }
}

/// Row 24: dropped within the grace of a shutdown.
#[tokio::test(start_paused = true)]
async fn no_timer_keeps_the_task_of_a_loop_dropped_within_its_grace() {
    let runner = Runner::new(script())
        .grace(secs(1))
        .shutdown(sleep(ms(1_500)));
    let handle = runner.handle();
    let (before, after) = holders(runner.run(), ms(2_000)).await;
    assert!(before >= 2, "the connection's timer and the grace's");
    assert_eq!((after, handle.status()), (0, Status::Stopped));
}

/// Row 24: dropped while waiting for a pacer.
#[tokio::test(start_paused = true)]
async fn nothing_keeps_the_task_of_who_is_dropped_in_a_pacers_line() {
    let pacer = Pacer::every(secs(60), 1);
    pacer.admit().await;
    let in_line = || Runner::new(script()).pacer(pacer.clone()).run();
    // At first the timer holds it, then the line behind another that waits for the timer.
    assert_eq!(holders(in_line(), ms(100)).await, (1, 0));
    let another = tokio::spawn({
        let pacer = pacer.clone();
        async move { pacer.admit().await }
    });
    tokio::task::yield_now().await;
    assert_eq!(holders(in_line(), ms(100)).await, (1, 0));
    another.abort();
}

/// Rows 24, 30: dropped at any await, then run again.
#[tokio::test(start_paused = true)]
async fn a_loop_dropped_at_any_await_can_be_run_again() {
    for polls in 0.. {
        let mut script = script();
        if polled(run(&mut script), polls).await.is_some() {
            assert!(polls >= 5, "each of the awaits was stopped at");
            break;
        }
        assert_eq!(script.live.load(Ordering::SeqCst), 0, "after {polls} polls");
        script.steps = [Step::Fails(ms(0)), Step::Exits(Ok(()))].into();
        let again = script.attempts().len();
        let now = Instant::now();
        assert_eq!(run(&mut script).await, Ok(()));
        assert_eq!(now.elapsed(), ms(20), "starts with the first delay");
        assert_eq!(script.attempts().len(), again + 2);
    }
}

/// Row 24: dropped at any await, and the handles say so.
#[tokio::test(start_paused = true)]
async fn a_runner_dropped_at_any_await_says_stopped() {
    for polls in 0.. {
        let script = script();
        let counted = script.live.clone();
        let pacer = Pacer::every(secs(1), 1);
        let runner = Runner::new(script)
            .pacer(pacer.clone())
            .grace(secs(1))
            .shutdown(sleep(secs(60)))
            .observer(|_: &schmoozer_core::Event<'_>| {});
        let handle = runner.handle();
        let waiting = tokio::spawn({
            let handle = handle.clone();
            async move {
                let mut watch = handle.watch();
                watch
                    .wait_for(|status| *status == Status::Stopped)
                    .await
                    .map(|_| ())
            }
        });
        let ended = polled(runner.run(), polls).await.is_some();
        assert_eq!(counted.load(Ordering::SeqCst), 0, "after {polls} polls");
        assert_eq!(handle.status(), Status::Stopped, "after {polls} polls");
        assert_eq!(handle.connected().await, Err(Stopped));
        waiting.await.unwrap().unwrap();
        // The attempt that was let through, if one was, is all that the pacer counts.
        let asked = Instant::now();
        pacer.admit().await;
        assert!(asked.elapsed() <= secs(1), "after {polls} polls");
        if ended {
            assert!(polls >= 5, "each of the awaits was stopped at");
            break;
        }
    }
}

/// Row 24: dropped in each state, and the handles say so.
#[tokio::test(start_paused = true)]
async fn a_runner_dropped_in_any_state_says_stopped() {
    for drop_at in [ms(0), ms(500), ms(1_010), ms(2_000), ms(4_000)] {
        let script = script();
        let counted = script.live.clone();
        let runner = Runner::new(script);
        let handle = runner.handle();
        timeout(drop_at, runner.run()).await.unwrap_err();
        assert_eq!(counted.load(Ordering::SeqCst), 0);
        assert_eq!(handle.status(), Status::Stopped);
        handle.connected().await.unwrap_err();
    }
}

#[tokio::test(start_paused = true)]
async fn establish_dropped_can_be_called_again() {
    let mut script = Script::new(
        [
            Step::Fails(secs(1)),
            Step::Fails(secs(1)),
            Step::Up(secs(1)),
        ],
        Delays::new(vec![secs(1), secs(60)]),
    );
    timeout(ms(1_500), establish(&mut script))
        .await
        .unwrap_err();
    assert!(establish(&mut script).await.unwrap().is_some());
    assert_eq!(script.attempts(), [0, 1_500, 3_500]);
}

/// Row 24: `establish` is dropped at any await.
#[tokio::test(start_paused = true)]
async fn establish_dropped_at_any_await_leaves_nothing() {
    for polls in 0.. {
        let mut script = script();
        if polled(establish(&mut script), polls).await.is_some() {
            assert!(polls >= 3, "each of the awaits was stopped at");
            break;
        }
        assert_eq!(script.live.load(Ordering::SeqCst), 0, "after {polls} polls");
    }
}

/// Row 24: those who wait for a connection are dropped.
#[tokio::test(start_paused = true)]
async fn waiters_dropped_at_any_await_take_nothing_from_the_others() {
    for polls in 0.. {
        let script = script();
        let attempts = Arc::clone(&script.attempts);
        let runner = Runner::new(script);
        let handle = runner.handle();
        let other = handle.clone();
        let dropped = async {
            let connected = polled(handle.connected(), polls).await;
            let failed = polled(handle.connected_or(2), polls).await;
            connected.is_some() && failed.is_some()
        };
        let (_, answered, waited) = tokio::join!(runner.run(), dropped, async {
            (
                other.connected_or(1).await.is_err(),
                other.connected().await,
            )
        });
        assert_eq!(waited, (true, Ok(())), "after {polls} polls");
        assert_eq!(*attempts.lock().unwrap(), [0, 1_020, 5_020]);
        if answered {
            break;
        }
    }
}

/// Row 24: those who wait for a client are dropped.
#[tokio::test(start_paused = true)]
async fn current_dropped_while_waiting_takes_nothing_from_the_others() {
    for polls in 0..=1 {
        let (publisher, current) = Current::new();
        let other = tokio::spawn({
            let current = current.clone();
            async move { current.ready().await }
        });
        assert_eq!(polled(current.ready(), polls).await, None);
        let live = publisher.publish(7);
        assert_eq!(polled(current.ready(), 1).await, Some(Ok(7)));
        assert_eq!(other.await.unwrap(), Ok(7));
        drop(live);
    }
}

/// Row 24: a turn at the pacer is dropped.
#[tokio::test(start_paused = true)]
async fn the_pacers_turn_dropped_at_any_await_uses_nothing_up() {
    for polls in 0..4 {
        let pacer = Pacer::every(secs(10), 1);
        pacer.admit().await;
        let begin = Instant::now();
        let mut waiters = Vec::new();
        for _ in 0..2 {
            let pacer = pacer.clone();
            waiters.push(tokio::spawn(
                async move { polled(pacer.admit(), polls).await },
            ));
        }
        tokio::task::yield_now().await;
        pacer.admit().await;
        let dropped = waiters.len();
        let mut admitted = 0;
        for waiter in waiters {
            admitted += u32::from(waiter.await.unwrap().is_some());
        }
        assert_eq!(
            begin.elapsed(),
            secs(10) * (admitted + 1),
            "of {dropped}, {polls} polls"
        );
    }
}
