//! How a loop ends, and what it says then: in its result, its status, its last event, and its handle.

use std::future::pending;

use schmoozer_core::{End, Session, Status, Stopped, Why};
use tokio::time::sleep;

use crate::checked::checked;
use crate::scene::{Log, Script, Step, deaf, ends, fails, hangs, ms, secs, serves, stays, up};

/// What a loop that has ended says everywhere.
fn says_alike(log: &Log, handle: &schmoozer_core::Handle, why: Why, cause: Option<&str>) {
    let Status::Stopped(stopped) = handle.status() else {
        panic!("{:?}", handle.status());
    };
    assert_eq!((stopped.why, stopped.cause.as_deref()), (why, cause));
    let last = log.events().pop().unwrap();
    let told = format!("stopped {why:?} {}", cause.unwrap_or("-"));
    assert!(last.ends_with(&told), "{last}");
}

/// Row 54: the reason is never lost.
#[tokio::test(start_paused = true)]
async fn status_last_event_and_handle_say_why_and_with_which_error() {
    type Case = (Script, Result<(), &'static str>, Why, Option<&'static str>);
    let cases: [Case; 5] = [
        (
            Script::new([ends(secs(1), End::Exit)], []),
            Ok(()),
            Why::Exit,
            None,
        ),
        (Script::new([], []), Ok(()), Why::Exit, None),
        (
            Script::new([fails(secs(1))], []),
            Err("refused"),
            Why::GaveUp,
            Some("refused"),
        ),
        (
            Script::new([fails(secs(1)), up(secs(1))], [secs(1)]),
            Err("lost"),
            Why::GaveUp,
            Some("lost"),
        ),
        (
            // A good connection in between: only the error that ended it counts.
            Script::new([fails(secs(1)), up(secs(60)), fails(secs(1))], [secs(1)]),
            Err("refused"),
            Why::GaveUp,
            Some("refused"),
        ),
    ];
    for (script, result, why, cause) in cases {
        let (log, handle, task) = script.spawn();
        let waiting = tokio::spawn({
            let handle = handle.clone();
            async move { handle.stopped().await }
        });
        assert_eq!(task.await.unwrap(), result);
        says_alike(&log, &handle, why, cause);
        let stopped = waiting.await.unwrap();
        assert_eq!((stopped.why, stopped.cause.as_deref()), (why, cause));
        // And ever after.
        let Stopped { why: again, .. } = handle.stopped().await;
        assert_eq!(again, why);
    }
}

/// Row 23: in each state, at once.
#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_each_state_at_once() {
    type Case = (fn() -> Script, u64, Option<&'static str>);
    let cases: [Case; 6] = [
        (|| Script::new([hangs()], []), 500, None),
        (
            || Script::new([fails(ms(0))], [secs(60)]),
            500,
            Some("refused"),
        ),
        (
            || Script::new([fails(ms(0))], [secs(60)]).decides(secs(60)),
            500,
            Some("refused"),
        ),
        (|| Script::new([deaf()], []), 500, None),
        (|| Script::new([stays()], []), 500, None),
        (|| Script::new([ends(ms(0), End::Renew)], []), 500, None),
    ];
    for (number, (script, at, cause)) in cases.into_iter().enumerate() {
        let (log, handle, task) = script().spawn();
        sleep(ms(at)).await;
        handle.shutdown();
        assert_eq!(task.await.unwrap(), Ok(()), "case {number}");
        assert_eq!(log.now(), at, "case {number}");
        assert_eq!(log.live(), 0);
        says_alike(&log, &handle, Why::Shutdown, cause);
        // There is no event for a wait or an attempt that does not come.
        let after: Vec<_> = log.of(&["waiting", "connecting"]);
        assert!(after.iter().all(|line| line.starts_with("0 ")), "{after:?}");
    }
}

/// Row 23: the handler that says goodbye, and returns what it was told.
#[tokio::test(start_paused = true)]
async fn after_a_shutdown_what_the_handler_returns_completes_it() {
    let told = |answer: fn(End) -> crate::scene::Fate| {
        move || {
            serves(async move |session: Session| {
                let end = session.stopping().await;
                sleep(secs(1)).await;
                answer(end)
            })
        }
    };
    let as_told = told(Ok);
    let renew = told(|_| Ok(End::Renew));
    let fails_then = told(|_| Err("broken pipe"));
    let cases: [(&dyn Fn() -> Step, Option<&str>); 3] = [
        (&as_told, None),
        (&renew, None),
        (&fails_then, Some("broken pipe")),
    ];
    for (step, cause) in cases {
        let (log, handle, task) = Script::new([step()], []).spawn();
        sleep(secs(20)).await;
        handle.shutdown();
        assert_eq!(task.await.unwrap(), Ok(()));
        assert_eq!(log.now(), 21_000);
        says_alike(&log, &handle, Why::Shutdown, cause);
        assert_eq!(log.failures(), []);
        assert_eq!(handle.stats().failures, 0);
        assert_eq!(log.of(&["ending"]), ["20000 ending Exit"]);
    }
    // In an outage, a goodbye without an error leaves the outage's last failure.
    let (log, handle, task) = Script::new([fails(ms(0)), as_told()], [secs(1)]).spawn();
    sleep(secs(5)).await;
    handle.shutdown();
    assert_eq!(task.await.unwrap(), Ok(()));
    says_alike(&log, &handle, Why::Shutdown, Some("refused"));
}

/// Row 23: the grace, and not more.
#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_the_grace_and_not_longer() {
    let asks_and_stays = || {
        serves(async |session: Session| {
            session.stopping().await;
            pending().await
        })
    };
    for (step, grace, lasts) in [
        (asks_and_stays(), None, 5_000),
        (deaf(), None, 0),
        (deaf(), Some(secs(2)), 2_000),
        (asks_and_stays(), Some(secs(2)), 2_000),
        (asks_and_stays(), Some(secs(0)), 0),
        (stays(), Some(secs(2)), 0),
    ] {
        let script = Script::new([step], []);
        let log = script.log();
        let mut runner = script.runner().shutdown(sleep(secs(20)));
        if let Some(grace) = grace {
            runner = runner.grace(grace);
        }
        let handle = runner.handle();
        assert_eq!(runner.run().await, Ok(()));
        assert_eq!(log.now(), 20_000 + lasts, "{grace:?}");
        assert_eq!(log.live(), 0);
        says_alike(&log, &handle, Why::Shutdown, None);
    }
}

#[tokio::test(start_paused = true)]
async fn shutdown_comes_before_reconnect_and_reconnect_before_renewal() {
    // In one moment, in every order.
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]] {
        let (log, handle, task) = Script::new([stays(), stays()], []).spawn();
        sleep(secs(20)).await;
        for which in order {
            match which {
                0 => handle.shutdown(),
                1 => handle.reconnect(),
                _ => handle.renew(),
            }
        }
        assert_eq!(task.await.unwrap(), Ok(()));
        assert_eq!(log.attempts(), [0], "{order:?}");
        says_alike(&log, &handle, Why::Shutdown, None);
    }
    for order in [[1, 2], [2, 1]] {
        let (log, handle, _task) = Script::new([stays(), stays()], []).spawn();
        sleep(secs(20)).await;
        for which in order {
            if which == 1 {
                handle.reconnect();
            } else {
                handle.renew();
            }
        }
        sleep(secs(5)).await;
        assert_eq!(log.attempts(), [0, 20_000]);
        assert_eq!(
            log.of(&["ending", "reconnecting"]),
            ["20000 reconnecting"],
            "no goodbye"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_reconnect_in_a_renewals_grace_drops_at_once() {
    let slow_goodbye = serves(async |session: Session| {
        session.stopping().await;
        sleep(secs(4)).await;
        Ok(End::Renew)
    });
    let (log, handle, _task) = Script::new([slow_goodbye, stays()], []).spawn();
    sleep(secs(20)).await;
    handle.renew();
    sleep(secs(1)).await;
    assert_eq!(log.live(), 1);
    handle.reconnect();
    sleep(secs(1)).await;
    assert_eq!(log.attempts(), [0, 21_000]);
    assert_eq!(
        log.of(&["ending", "reconnecting", "failed"]),
        ["20000 ending Renew", "21000 reconnecting"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_in_a_renewals_grace_becomes_the_end() {
    let says_what_it_is_told = serves(async |session: Session| {
        let first = session.stopping().await;
        sleep(secs(2)).await;
        let then = session.stopping().await;
        assert_eq!((first, then), (End::Renew, End::Exit));
        // It still says what it was told first: that completes what was asked.
        Ok(first)
    });
    let (log, handle, task) = Script::new([says_what_it_is_told], []).spawn();
    sleep(secs(20)).await;
    handle.renew();
    sleep(secs(1)).await;
    handle.shutdown();
    assert_eq!(task.await.unwrap(), Ok(()));
    assert_eq!(log.now(), 22_000);
    assert_eq!(
        log.of(&["ending"]),
        ["20000 ending Renew", "21000 ending Exit"]
    );
    says_alike(&log, &handle, Why::Shutdown, None);
}

#[tokio::test(start_paused = true)]
async fn requests_in_a_shutdowns_grace_are_void() {
    let slow_goodbye = || {
        serves(async |session: Session| {
            let end = session.stopping().await;
            sleep(secs(3)).await;
            Ok(end)
        })
    };
    for ask in [
        schmoozer_core::Handle::retry_now,
        schmoozer_core::Handle::reconnect,
        schmoozer_core::Handle::renew,
    ] {
        let (log, handle, task) = Script::new([slow_goodbye(), stays()], []).spawn();
        sleep(secs(20)).await;
        handle.shutdown();
        sleep(secs(1)).await;
        ask(&handle);
        assert_eq!(task.await.unwrap(), Ok(()));
        assert_eq!((log.now(), log.attempts()), (23_000, vec![0]));
        says_alike(&log, &handle, Why::Shutdown, None);
    }
}

#[tokio::test(start_paused = true)]
async fn reconnect_is_no_failure_and_begins_and_ends_no_outage() {
    // In an outage, before the connection is stable: the outage goes on.
    let (log, handle, _task) = Script::new(
        [fails(ms(0)), stays(), fails(ms(0)), stays()],
        [1, 2].map(secs),
    )
    .spawn();
    sleep(secs(5)).await;
    handle.reconnect();
    sleep(secs(60)).await;
    assert_eq!(log.attempts(), [0, 1_000, 5_000, 7_000]);
    assert_eq!(
        log.of(&["failed", "reconnecting", "stable"]),
        [
            "0 failed 1 None 0: refused",
            "5000 reconnecting",
            "5000 failed 3 None 5000: refused",
            "17000 stable after 7000 and 4 attempts: refused, refused",
        ]
    );
    // Of a stable one: none begins.
    handle.reconnect();
    sleep(ms(1)).await;
    assert_eq!((handle.stats().outages, handle.outage()), (1, None));
}

/// Row 24: dropped in each state, the last to be told is that.
#[tokio::test(start_paused = true)]
async fn a_loop_that_is_dropped_says_so_and_leaves_no_connection() {
    let steps: [fn() -> Step; 3] = [hangs, || fails(ms(0)), deaf];
    for step in steps {
        let (log, handle, task) = Script::new([step()], [secs(60)]).spawn();
        sleep(secs(1)).await;
        task.abort();
        let stopped = handle.stopped().await;
        assert_eq!(stopped.why, Why::Dropped);
        assert_eq!(log.live(), 0);
        says_alike(&log, &handle, Why::Dropped, stopped.cause.as_deref());
    }
    let runner = Script::new([], []).runner();
    let handle = runner.handle();
    drop(runner);
    assert_eq!(handle.stopped().await.why, Why::Dropped);
}

/// Row 54: what a connector written by hand says with its own results.
#[tokio::test(start_paused = true)]
async fn an_exit_of_any_of_the_three_methods_ends_the_loop_with_its_result() {
    use schmoozer_core::{ConnResult, Connector, Failure, RetryResult, RunResult, run};

    /// Exits with this, in the method of this number.
    struct Exits(usize, Result<(), &'static str>);

    impl Connector for Exits {
        type Connection = ();
        type Error = &'static str;

        async fn connect(&mut self) -> ConnResult<(), &'static str> {
            match self.0 {
                0 => ConnResult::Exit(self.1),
                _ => ConnResult::Connected(()),
            }
        }

        async fn run(&mut self, (): (), _: Session) -> RunResult<&'static str> {
            match self.0 {
                1 => RunResult::Exit(self.1),
                _ => RunResult::Reconnect("lost"),
            }
        }

        async fn retry_delay(&mut self, _: Failure<&'static str>) -> RetryResult<&'static str> {
            RetryResult::Exit(self.1)
        }
    }

    for method in 0..3 {
        for (result, why) in [(Ok(()), Why::Exit), (Err("no"), Why::Final)] {
            assert_eq!(run(Exits(method, result)).await, result);
            let runner = checked(Exits(method, result));
            let handle = runner.handle();
            assert_eq!(runner.run().await, result);
            let stopped = handle.stopped().await;
            assert_eq!((stopped.why, stopped.cause.as_deref()), (why, result.err()));
        }
    }
}
