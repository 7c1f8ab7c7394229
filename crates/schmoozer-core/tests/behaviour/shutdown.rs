use std::future::ready;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use schmoozer_core::{ConnectTimeout, Connector, Delays, Pacer, Runner, connector_fn};
use tokio::time::{Instant, sleep};

use crate::event_order::EventOrder;
use crate::script::{Script, Step, checked, ms, secs};

/// Row 23: a shutdown while connecting and while waiting.
#[tokio::test(start_paused = true)]
async fn a_shutdown_stops_connecting_and_waiting_at_once() {
    // Connecting until 1 s, waiting until 3 s.
    for at in [Duration::ZERO, ms(500), ms(2_000)] {
        let script = Script::new([Step::Fails(secs(1))], Delays::new(vec![secs(2); 9]));
        let begin = Instant::now();
        let runner = checked(script).grace(secs(60)).shutdown(sleep(at));
        assert_eq!(runner.run().await, Ok(()));
        assert_eq!(begin.elapsed(), at);
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
        let script = Script::new([Step::Up(uptime)], Delays::new(vec![secs(2)]));
        let live = script.live.clone();
        let begin = Instant::now();
        let runner = checked(script).shutdown(sleep(secs(5))).grace(grace);
        assert_eq!(runner.run().await, Ok(()));
        assert_eq!((begin.elapsed(), live.load(Ordering::SeqCst)), (ends, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_lost_within_the_grace_is_no_failure() {
    let script = Script::new([Step::Up(secs(6))], Delays::new(vec![secs(2)]));
    let failures = Arc::clone(&script.failures);
    let runner = checked(script).shutdown(sleep(secs(5))).grace(secs(3));
    let handle = runner.handle();
    assert_eq!(runner.run().await, Ok(()));
    assert_eq!(*failures.lock().unwrap(), []);
    let stats = handle.stats();
    assert_eq!(
        (stats.connections, stats.failures, stats.outages),
        (1, 0, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_within_the_grace_comes_back() {
    let run = async |()| {
        sleep(secs(6)).await;
        Err("goodbye was refused")
    };
    let connector = connector_fn(async || Ok(()), run, [secs(1)]).retry_if(|_| false);
    let runner = checked(connector).shutdown(sleep(secs(5))).grace(secs(3));
    assert_eq!(runner.run().await, Err("goodbye was refused"));
}

#[tokio::test(start_paused = true)]
async fn without_grace_nothing_that_a_connection_would_still_say_counts() {
    let stop = tokio_util::sync::CancellationToken::new();
    let run = async |()| {
        stop.cancelled().await;
        Err("goodbye was refused")
    };
    let connector = connector_fn(async || Ok(()), run, [secs(1)]).retry_if(|_| false);
    let runner = checked(connector).shutdown(stop.cancelled());
    let (result, ()) = tokio::join!(runner.run(), async { stop.cancel() });
    assert_eq!(result, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_is_said_within_the_grace() {
    let said = Arc::new(AtomicBool::new(false));
    let stop = tokio_util::sync::CancellationToken::new();
    let connector = connector_fn(
        async || Ok::<_, io::Error>(()),
        |()| {
            let (stop, said) = (stop.clone(), Arc::clone(&said));
            async move {
                stop.cancelled().await;
                sleep(secs(1)).await;
                said.store(true, Ordering::SeqCst);
                Ok(())
            }
        },
        [secs(1)],
    );
    let runner = checked(connector).shutdown(stop.cancelled()).grace(secs(2));
    let (result, ()) = tokio::join!(runner.run(), async { stop.cancel() });
    result.unwrap();
    assert!(said.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_loop_that_never_waits_is_stopped_too() {
    let connector = connector_fn(
        || ready(Err::<(), _>("refused")),
        |()| ready(Ok(())),
        Delays::new(std::iter::repeat(Duration::ZERO)).at_least(Duration::ZERO),
    );
    let runner = Runner::new(connector).observer(EventOrder::within(secs(10)));
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
        let connector = connector_fn(
            std::future::pending::<Result<(), E>>,
            |()| ready(Ok(())),
            [],
        );
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
async fn the_wait_for_the_pacer_is_no_time_of_the_attempt() {
    let pacer = Pacer::every(secs(10), 1);
    let script = Script::new([Step::Fails(ms(2_500))], Delays::new(vec![ms(20), ms(20)]));
    let (attempts, failures) = (Arc::clone(&script.attempts), Arc::clone(&script.failures));
    let runner = Runner::new(script)
        .pacer(pacer)
        .observer(EventOrder::exact().held_up());
    assert_eq!(runner.run().await, Err("refused"));
    assert_eq!(*attempts.lock().unwrap(), [0, 10_000, 20_000]);
    let elapsed: Vec<_> = failures
        .lock()
        .unwrap()
        .iter()
        .map(|failure| failure.elapsed)
        .collect();
    assert_eq!(elapsed, [ms(2_500); 3]);
}

#[tokio::test(start_paused = true)]
async fn connectors_of_different_kinds_run_from_one_list() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = |what: &'static str| {
        let seen = Arc::clone(&seen);
        move || seen.lock().unwrap().push(what)
    };
    let (one, two) = (note("u8"), note("str"));
    let number = connector_fn(
        async || Ok(1_u8),
        move |_: u8| {
            ready({
                one();
                Ok(())
            })
        },
        [secs(1)],
    );
    let text = connector_fn(
        async || Ok("one"),
        move |_: &str| {
            ready({
                two();
                Ok(())
            })
        },
        [secs(1)],
    );
    for link in [number.boxed(), text.boxed()] {
        checked(link)
            .run()
            .await
            .map_err(|error: io::Error| error)
            .unwrap();
    }
    assert_eq!(*seen.lock().unwrap(), ["u8", "str"]);
}
