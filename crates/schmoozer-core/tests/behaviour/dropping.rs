use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use schmoozer_core::{Current, Pacer, Runner, Session, Status, Stopped, Why, run};
use schmoozer_faults::{Checker, Script, Step};
use tokio::time::{Instant, advance, sleep, timeout};

use crate::checked::{checked, checked_by, ms, secs};
use crate::polls::polled;

/// Connecting until 1 s, connected until 3 s, waiting until 5 s, exits.
fn script() -> Script<[Duration; 2]> {
    let steps = [Step::fails(secs(1)), Step::up(secs(2)), Step::exits(Ok(()))];
    Script::new(steps, [ms(20), secs(2)])
}

/// Moments at which it is in each of its states, and the connections that live then.
const STATES: [(Duration, usize); 4] = [
    (Duration::from_millis(500), 0),
    (Duration::from_millis(1_010), 0),
    (Duration::from_secs(2), 1),
    (Duration::from_secs(4), 0),
];

fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

/// Row 24: the loop is dropped in each state.
#[tokio::test(start_paused = true)]
async fn a_loop_dropped_in_any_state_leaves_nothing() {
    for (drop_at, live) in STATES {
        let script = script();
        let log = script.log();
        let before = tasks();
        {
            let mut running = Box::pin(run(script));
            timeout(drop_at, &mut running).await.unwrap_err();
            assert_eq!(log.live(), live, "{drop_at:?}");
        }
        assert_eq!(log.live(), 0, "{drop_at:?}");
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

/// Row 24: no timer, session or handle holds on to a dropped task.
#[tokio::test(start_paused = true)]
async fn nothing_keeps_the_task_of_a_loop_dropped_in_any_state() {
    for (drop_at, _) in STATES {
        let (before, after) = holders(run(script()), drop_at).await;
        assert!(before >= 1, "a timer wakes it: {drop_at:?}");
        assert_eq!(after, 0, "{drop_at:?}");

        let runner = checked(script()).shutdown(sleep(secs(60)));
        let handle = runner.handle();
        let (before, after) = holders(runner.run(), drop_at).await;
        // The state's timer, the shutdown's, and the handle, which wakes the loop.
        assert!(before >= 3, "{drop_at:?}");
        assert_eq!(after, 0, "{drop_at:?}");
        assert!(matches!(handle.status(), Status::Stopped(_)));
    }
}

/// Row 24: a session that is kept outside does not hold on to a dropped task.
#[tokio::test(start_paused = true)]
async fn a_session_that_is_kept_lets_go_of_the_loops_task() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let connector = schmoozer_core::connector_fn(
        async || Ok::<_, &str>(()),
        move |(), session: Session| {
            sender.send(session).unwrap();
            std::future::pending()
        },
        [secs(1)],
    );
    let (before, after) = holders(run(connector), ms(100)).await;
    assert!(before >= 1, "the session wakes it");
    assert_eq!(after, 0);
    let session = receiver.recv().unwrap();
    assert_eq!(session.stopping().await, schmoozer_core::End::Exit);
}

/// Row 24: dropped within the grace of a shutdown.
#[tokio::test(start_paused = true)]
async fn nothing_keeps_the_task_of_a_loop_dropped_within_its_grace() {
    let runner = checked(script()).grace(secs(1)).shutdown(sleep(ms(1_500)));
    let handle = runner.handle();
    let (before, after) = holders(runner.run(), ms(2_000)).await;
    assert!(before >= 2, "the connection's timer and the grace's");
    assert_eq!(after, 0);
    assert!(matches!(handle.status(), Status::Stopped(_)));
}

/// Row 24: dropped while waiting for a pacer.
#[tokio::test(start_paused = true)]
async fn nothing_keeps_the_task_of_a_loop_dropped_in_a_pacers_line() {
    let pacer = Pacer::every(secs(60), 1).unwrap();
    pacer.admit().await;
    let in_line = || {
        checked_by(&Checker::exact().held_up(), script())
            .pacer(pacer.clone())
            .run()
    };
    // At first the timer holds it, then the line behind another that waits for the timer.
    for _ in 0..2 {
        let (before, after) = holders(in_line(), ms(100)).await;
        assert!(before >= 1);
        assert_eq!(after, 0);
        let another = pacer.clone();
        tokio::spawn(async move { another.admit().await });
        tokio::task::yield_now().await;
    }
}

/// Rows 24, 30: dropped at any await, then run again.
#[tokio::test(start_paused = true)]
async fn a_loop_dropped_at_any_await_can_be_run_again() {
    for polls in 0.. {
        let mut script = script();
        let log = script.log();
        if polled(run(&mut script), polls).await.is_some() {
            assert!(polls >= 5, "each of the awaits was stopped at");
            break;
        }
        assert_eq!(log.live(), 0, "after {polls} polls");
        script.set_steps([Step::fails(ms(0)), Step::exits(Ok(()))]);
        let again = log.attempts().len();
        let now = Instant::now();
        assert_eq!(run(&mut script).await, Ok(()));
        assert_eq!(now.elapsed(), ms(20), "starts with the first delay");
        assert_eq!(log.attempts().len(), again + 2);
    }
}

/// Row 24: dropped at any await, and the handles say so.
#[tokio::test(start_paused = true)]
async fn a_runner_dropped_at_any_await_says_stopped() {
    for polls in 0.. {
        let script = script();
        let log = script.log();
        let pacer = Pacer::every(secs(1), 1).unwrap();
        let runner = checked_by(&Checker::exact().held_up(), script)
            .pacer(pacer.clone())
            .grace(secs(1))
            .shutdown(sleep(secs(60)))
            .on_event(|_| {});
        let handle = runner.handle();
        let waiting = tokio::spawn({
            let handle = handle.clone();
            async move {
                let mut watch = handle.watch();
                let stopped = watch.wait_for(|status| matches!(status, Status::Stopped(_)));
                stopped.await.is_ok()
            }
        });
        let ended = polled(runner.run(), polls).await.is_some();
        assert_eq!(log.live(), 0, "after {polls} polls");
        let stopped = handle.stopped().await;
        let why = if ended { Why::Exit } else { Why::Dropped };
        assert_eq!(stopped.why, why, "after {polls} polls");
        assert_eq!(handle.status(), Status::Stopped(stopped.clone()));
        assert_eq!(handle.connected().await, Err(stopped));
        assert!(waiting.await.unwrap());
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

/// Row 24: dropped in each state, and the handles say so, and in which outage.
#[tokio::test(start_paused = true)]
async fn a_runner_dropped_in_any_state_says_stopped() {
    for (drop_at, _) in STATES {
        let script = script();
        let log = script.log();
        let runner = checked(script);
        let handle = runner.handle();
        timeout(drop_at, runner.run()).await.unwrap_err();
        assert_eq!(log.live(), 0);
        let cause = match drop_at.as_millis() {
            0..1_000 => None,
            1_000..3_000 => Some("refused".to_owned()),
            _ => Some("lost".to_owned()),
        };
        let stopped = handle.connected().await.unwrap_err();
        assert_eq!((stopped.why, stopped.cause), (Why::Dropped, cause));
    }
}

/// Row 24: waits for a connection are dropped.
#[tokio::test(start_paused = true)]
async fn waits_dropped_at_any_await_take_nothing_from_the_others() {
    for polls in 0.. {
        let script = script();
        let log = script.log();
        let runner = checked(script);
        let handle = runner.handle();
        let other = handle.clone();
        let dropped = async {
            let connected = polled(handle.connected(), polls).await;
            let failed = polled(handle.connected_or_fail(2), polls).await;
            connected.is_some() && failed.is_some()
        };
        let (_, answered, waited) = tokio::join!(runner.run(), dropped, async {
            (
                other.connected_or_fail(1).await.is_err(),
                other.connected().await.is_ok(),
            )
        });
        assert_eq!(waited, (true, true), "after {polls} polls");
        assert_eq!(log.attempts(), [0, 1_020, 5_020].map(ms));
        if answered {
            break;
        }
    }
}

/// Row 24: waits for a client are dropped.
#[tokio::test(start_paused = true)]
async fn current_dropped_while_waiting_takes_nothing_from_the_others() {
    for polls in 0..=1 {
        let (publisher, current) = Current::new();
        let other = tokio::spawn({
            let current = current.clone();
            async move { current.ready().await.map(|live| *live) }
        });
        assert!(polled(current.ready(), polls).await.is_none());
        let session = Session::detached();
        let shown = publisher.publish(&session, 7);
        let live = polled(current.ready(), 1).await.unwrap().unwrap();
        assert_eq!(*live, 7);
        assert_eq!(other.await.unwrap().unwrap(), 7);
        drop(shown);
    }
}

/// Row 24: a turn at the pacer is dropped.
#[tokio::test(start_paused = true)]
async fn a_pacers_turn_dropped_at_any_await_uses_nothing_up() {
    for polls in 0..4 {
        let pacer = Pacer::every(secs(10), 1).unwrap();
        pacer.admit().await;
        let begin = Instant::now();
        let waits = [(); 2].map(|()| {
            let pacer = pacer.clone();
            tokio::spawn(async move { polled(pacer.admit(), polls).await })
        });
        tokio::task::yield_now().await;
        pacer.admit().await;
        let mut admitted = 0;
        for wait in waits {
            admitted += u32::from(wait.await.unwrap().is_some());
        }
        let expected = secs(10) * (admitted + 1);
        assert_eq!(begin.elapsed(), expected, "{polls} polls");
    }
}

/// What a dropped loop says of itself.
#[tokio::test(start_paused = true)]
async fn a_runner_that_is_never_run_says_that_it_was_dropped() {
    let runner = Runner::new(script());
    let handle = runner.handle();
    drop(runner);
    let stopped = Stopped {
        why: Why::Dropped,
        cause: None,
    };
    assert_eq!(handle.stopped().await, stopped);
    assert_eq!(handle.connected().await, Err(stopped));
}
