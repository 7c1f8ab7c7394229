use std::future::{pending, ready};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use schmoozer_core::{ConnectTimeout, End, Lifecycle, Pacer, Session, Why, connector_fn};
use schmoozer_faults::{Checker, Script, Step};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::checked::{checked, checked_by, ms, secs};

/// Row 23: a shutdown while connecting and while waiting.
#[tokio::test(start_paused = true)]
async fn a_shutdown_stops_connecting_and_waiting_at_once() {
    // Connecting until 1 s, waiting until 3 s.
    for at in [Duration::ZERO, ms(500), ms(2_000)] {
        let script = Script::new([Step::fails(secs(1))], [secs(2); 9]);
        let begin = Instant::now();
        let runner = checked(script).grace(secs(60)).shutdown(sleep(at));
        let handle = runner.handle();
        assert_eq!(runner.run().await, Ok(()));
        assert_eq!(begin.elapsed(), at);
        let stopped = handle.stopped().await;
        let cause = (at > secs(1)).then(|| "refused".to_owned());
        assert_eq!((stopped.why, stopped.cause), (Why::Shutdown, cause));
    }
}

/// Row 23: a shutdown while connected: `run` gets its grace, not more.
#[tokio::test(start_paused = true)]
async fn a_connection_gets_its_grace_and_not_more() {
    for (uptime, grace, ends) in [
        (secs(100), Duration::ZERO, secs(5)),
        (secs(100), secs(3), secs(8)),
        (secs(6), secs(3), secs(6)),
    ] {
        let script = Script::new([Step::up(uptime)], [secs(2)]);
        let log = script.log();
        let begin = Instant::now();
        let runner = checked(script).shutdown(sleep(secs(5))).grace(grace);
        assert_eq!(runner.run().await, Ok(()));
        assert_eq!((begin.elapsed(), log.live()), (ends, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_grace_a_handler_that_asks_has_five_seconds_and_another_none() {
    for (step, ends) in [
        (Step::stays().goodbye(secs(2)), secs(7)),
        (Step::stays().goodbye(secs(60)), secs(10)),
        (Step::up(secs(60)), secs(5)),
    ] {
        let script = Script::new([step], [secs(2)]);
        let begin = Instant::now();
        let runner = checked(script).shutdown(sleep(secs(5)));
        assert_eq!(runner.run().await, Ok(()));
        assert_eq!(begin.elapsed(), ends);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_lost_within_the_grace_is_no_failure() {
    let script = Script::new([Step::up(secs(6))], [secs(2)]);
    let log = script.log();
    let runner = checked(script).shutdown(sleep(secs(5))).grace(secs(3));
    let handle = runner.handle();
    assert_eq!(runner.run().await, Ok(()));
    assert_eq!(log.failures(), []);
    let stats = handle.stats();
    assert_eq!(
        (stats.connections, stats.failures, stats.outages),
        (1, 0, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_within_the_grace_is_the_cause_of_the_stop() {
    let run = async |(), _| {
        sleep(secs(6)).await;
        Err("goodbye was refused")
    };
    let connector = connector_fn(async || Ok(()), run, [secs(1)]).retry_if(|_| false);
    let runner = checked(connector).shutdown(sleep(secs(5))).grace(secs(3));
    let handle = runner.handle();
    assert_eq!(runner.run().await, Ok(()));
    let stopped = handle.stopped().await;
    assert_eq!(stopped.why, Why::Shutdown);
    assert_eq!(stopped.cause.as_deref(), Some("goodbye was refused"));
}

#[tokio::test(start_paused = true)]
async fn without_grace_nothing_that_a_connection_would_still_say_counts() {
    let stop = CancellationToken::new();
    let run = async |(), _| {
        // In the same moment as the loop, and after it.
        sleep(secs(5)).await;
        tokio::task::yield_now().await;
        Err("goodbye was refused")
    };
    let connector = connector_fn(async || Ok(()), run, [secs(1)]).retry_if(|_| false);
    let runner = checked(connector).shutdown(stop.cancelled());
    let handle = runner.handle();
    let (result, ()) = tokio::join!(runner.run(), async {
        sleep(secs(5)).await;
        stop.cancel();
    });
    assert_eq!(result, Ok(()));
    assert_eq!(handle.stopped().await.cause, None);
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_is_said_within_the_grace() {
    let said = Arc::new(AtomicBool::new(false));
    let connector = connector_fn(
        async || Ok::<_, io::Error>(()),
        |(), session: Session| {
            let said = Arc::clone(&said);
            async move {
                let end = session.stopping().await;
                sleep(secs(1)).await;
                said.store(true, Ordering::SeqCst);
                Ok(end)
            }
        },
        [secs(1)],
    );
    let stop = CancellationToken::new();
    let runner = checked(connector).shutdown(stop.cancelled()).grace(secs(2));
    let (result, ()) = tokio::join!(runner.run(), async { stop.cancel() });
    result.unwrap();
    assert!(said.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_loop_that_never_waits_is_stopped_too() {
    let connector = connector_fn(
        || ready(Err::<(), _>("refused")),
        |(), _| ready(Ok(End::Exit)),
        std::iter::repeat(Duration::ZERO),
    )
    .lifecycle(Lifecycle::new().min_interval(Duration::ZERO));
    let runner = checked_by(&Checker::within(secs(10)), connector);
    let handle = runner.handle();
    let (result, ()) = tokio::join!(runner.run(), async { handle.shutdown() });
    assert_eq!(result, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_takes_too_long_fails_with_a_timeout() {
    async fn times_out<E>() -> E
    where
        E: From<ConnectTimeout> + std::fmt::Display + Send,
    {
        let begin = Instant::now();
        let connector = connector_fn(pending::<Result<(), E>>, |(), _| ready(Ok(End::Exit)), []);
        let runner = checked(connector).connect_timeout(secs(3));
        let error = runner.run().await.err().unwrap();
        assert_eq!(begin.elapsed(), secs(3));
        error
    }
    assert_eq!(
        times_out::<io::Error>().await.kind(),
        io::ErrorKind::TimedOut
    );
    assert_eq!(times_out::<String>().await, "connect did not end within 3s");
    assert!(
        times_out::<Box<dyn std::error::Error + Send + Sync>>()
            .await
            .is::<ConnectTimeout>()
    );
    assert!(times_out::<anyhow::Error>().await.is::<ConnectTimeout>());
    assert!(matches!(
        times_out::<Declared>().await,
        Declared::TooSlow(ConnectTimeout { after, .. }) if after == secs(3)
    ));
    assert_eq!(times_out::<Own>().await, Own::TooSlow(secs(3)));
}

#[derive(Debug, thiserror::Error)]
enum Declared {
    #[error("too slow")]
    TooSlow(#[from] ConnectTimeout),
}

#[derive(Debug, PartialEq)]
enum Own {
    TooSlow(Duration),
}

impl std::fmt::Display for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl From<ConnectTimeout> for Own {
    fn from(timeout: ConnectTimeout) -> Self {
        Self::TooSlow(timeout.after)
    }
}

#[tokio::test(start_paused = true)]
async fn a_connect_timeout_may_make_its_own_error() {
    let script = Script::new([Step::hangs()], [secs(1)]);
    let mut timeouts = 0;
    let runner = checked(script).connect_timeout_with(secs(3), || {
        timeouts += 1;
        "too slow"
    });
    assert_eq!(runner.run().await, Err("too slow"));
    assert_eq!(timeouts, 2);
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_the_pacer_is_no_time_of_the_attempt() {
    let pacer = Pacer::every(secs(10), 1).unwrap();
    let script = Script::new([Step::fails(ms(2_500))], [ms(20), ms(20)]);
    let log = script.log();
    let runner = checked_by(&Checker::exact().held_up(), script).pacer(pacer);
    assert_eq!(runner.run().await, Err("refused"));
    assert_eq!(log.attempts(), [0, 10, 20].map(secs));
    let failures = log.failures();
    let elapsed: Vec<_> = failures.iter().map(|failure| failure.elapsed).collect();
    assert_eq!(elapsed, [ms(2_500); 3]);
}

#[cfg(feature = "rt")]
#[tokio::test(start_paused = true)]
async fn loops_of_different_kinds_are_controlled_from_one_list() {
    let number = connector_fn(
        async || Ok::<_, io::Error>(1_u8),
        async |_: u8, session| Ok(session.stopping().await),
        [secs(1)],
    );
    let text = connector_fn(
        async || Ok::<_, String>("one"),
        async |_: &str, session| Ok(session.stopping().await),
        [secs(1)],
    );
    let handles = [checked(number).spawn().0, checked(text).spawn().0];
    for handle in handles {
        handle.connected().await.unwrap();
        handle.shutdown();
        assert_eq!(handle.stopped().await.why, Why::Shutdown);
    }
}
