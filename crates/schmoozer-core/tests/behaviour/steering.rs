//! Requests that come at awkward moments: twice, while stopping, from inside, before and after.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use schmoozer_core::{
    ConnResult, Connector, Event, Failure, Handle, RetryResult, RunResult, Session, Status,
    Stopped, Why,
};
use schmoozer_faults::{Script, Step};
use tokio::time::{Instant, sleep};

use crate::checked::{checked, ms, secs, steered};

const SHUTDOWN: Stopped = Stopped {
    why: Why::Shutdown,
    cause: None,
};

#[tokio::test(start_paused = true)]
async fn a_shutdown_before_the_first_poll_connects_to_nothing() {
    let script = Script::new([Step::up(secs(1))], []);
    let log = script.log();
    let runner = checked(script);
    let handle = runner.handle();
    handle.shutdown();
    assert_eq!(handle.status(), Status::Connecting { attempt: 1 });
    assert_eq!(runner.run().await, Ok(()));
    assert_eq!(handle.status(), Status::Stopped(SHUTDOWN));
    assert_eq!(log.attempts(), []);
}

/// Row 23: a shutdown through a handle, in each state.
#[tokio::test(start_paused = true)]
async fn a_shutdown_in_each_state_ends_at_once_and_a_second_changes_nothing() {
    // Connecting until 1 s, waiting until 3 s, connected from then on with 4 s to end.
    for (at, ends) in [(ms(500), ms(500)), (secs(2), secs(2)), (secs(5), secs(9))] {
        let steps = [Step::fails(secs(1)), Step::up(secs(60))];
        let runner = checked(Script::new(steps, [secs(2)])).grace(secs(4));
        let begin = Instant::now();
        let (handle, task) = runner.spawn();
        sleep(at).await;
        handle.shutdown();
        handle.shutdown();
        sleep(secs(1)).await;
        // The connection is still saying goodbye.
        let connected = matches!(handle.status(), Status::Connected { .. });
        assert_eq!(connected, ends > at);
        handle.shutdown();
        handle.reconnect();
        handle.renew();
        handle.retry_now();
        let ended = task.await.unwrap();
        assert_eq!((ended, begin.elapsed()), (Ok(()), ends.max(at + secs(1))));
        handle.shutdown();
        let stopped = handle.connected().await.unwrap_err();
        assert_eq!(stopped.why, Why::Shutdown);
    }
}

/// Row 30: shut down, then run again.
#[tokio::test(start_paused = true)]
async fn a_connector_that_was_shut_down_can_be_run_again_at_once() {
    let mut script = Script::new([Step::fails(ms(0))], [secs(1), secs(8)]);
    let log = script.log();
    for begun in [0, 5] {
        let runner = checked(&mut script);
        let handle = runner.handle();
        let (ended, ()) = tokio::join!(runner.run(), async {
            sleep(secs(5)).await;
            handle.shutdown();
        });
        assert_eq!(ended, Ok(()));
        assert_eq!(handle.stats().attempts, 2, "each handle counts its own run");
        let attempts = log.attempts();
        let last = &attempts[attempts.len() - 2..];
        assert_eq!(last, [begun, begun + 1].map(secs));
    }
}

#[tokio::test(start_paused = true)]
async fn a_reconnect_during_a_wait_cuts_it_short_and_the_outage_goes_on() {
    let script = Script::new([Step::fails(ms(0))], [secs(10), secs(20)]);
    let log = script.log();
    let (handle, task) = steered(script).spawn();
    sleep(secs(3)).await;
    handle.reconnect();
    assert_eq!(task.await.unwrap(), Err("refused"));
    assert_eq!(log.attempts(), [0, 3, 23].map(secs));
    assert_eq!(handle.stats().outages, 1);
}

/// Asks the handle of its own loop, in each of its methods.
struct Asks {
    handle: Arc<OnceLock<Handle>>,
    ask: fn(&Handle),
    attempts: Vec<Duration>,
    begin: Instant,
}

impl Asks {
    fn ask(&self) {
        (self.ask)(self.handle.get().unwrap());
    }
}

impl Connector for Asks {
    type Connection = ();
    type Error = &'static str;

    async fn connect(&mut self) -> ConnResult<(), &'static str> {
        self.ask();
        self.attempts.push(self.begin.elapsed());
        sleep(ms(200)).await;
        match self.attempts.len() {
            1 => ConnResult::Reconnect("refused"),
            5 => ConnResult::Exit(Err("enough")),
            _ => ConnResult::Connected(()),
        }
    }

    async fn run(&mut self, (): (), _: Session) -> RunResult<&'static str> {
        self.ask();
        sleep(secs(1)).await;
        RunResult::Exit(Err("ended"))
    }

    async fn retry_delay(&mut self, _: Failure<&'static str>) -> RetryResult<&'static str> {
        self.ask();
        RetryResult::After(secs(60))
    }
}

/// Row 25: each request from within the connector.
#[tokio::test(start_paused = true)]
async fn what_is_asked_from_inside_is_done_too() {
    // How it ends, and when each attempt begins.
    type Expected = (Result<(), &'static str>, &'static [u64]);
    type Request = fn(&Handle);
    let expected: [(Request, Expected); 4] = [
        // The connection that comes up is what was asked for.
        (Handle::retry_now, (Err("ended"), &[0, 200])),
        // Renewals of one second, and no grace for a handler that does not ask.
        (
            Handle::renew,
            (Err("enough"), &[0, 200, 1_200, 2_200, 3_200]),
        ),
        // Each connection is dropped for another, at most one in a second.
        (
            Handle::reconnect,
            (Err("enough"), &[0, 200, 1_200, 2_200, 3_200]),
        ),
        (Handle::shutdown, (Ok(()), &[0])),
    ];
    for (ask, (ended, attempts)) in expected {
        let handle = Arc::default();
        let mut asks = Asks {
            handle: Arc::clone(&handle),
            ask,
            attempts: Vec::new(),
            begin: Instant::now(),
        };
        let runner = steered(&mut asks);
        handle.set(runner.handle()).unwrap();
        let result = runner.run().await;
        let begun: Vec<_> = attempts.iter().copied().map(ms).collect();
        assert_eq!((result, asks.attempts), (ended, begun));
    }
}

/// Row 28: an observer panics.
#[tokio::test(start_paused = true)]
async fn an_observers_panic_leaves_nothing_waiting() {
    let script = Script::new([Step::fails(secs(1))], [secs(1)]);
    let observer = |event: &Event<'_>| {
        assert!(!matches!(event, Event::Waiting { .. }), "seen");
    };
    let (handle, task) = checked(script).observer(observer).spawn();
    assert_eq!(handle.connected().await.unwrap_err().why, Why::Dropped);
    assert!(task.await.unwrap_err().is_panic());
}

/// Row 28: a watch is never read.
#[tokio::test(start_paused = true)]
async fn a_watch_that_is_never_read_holds_one_status() {
    let script = Script::new([Step::fails(ms(0))], vec![ms(20); 10_000]);
    let (handle, task) = checked(script).spawn();
    let mut watch = handle.watch();
    assert_eq!(task.await.unwrap(), Err("refused"));
    assert_eq!(handle.stats().attempts, 10_001);
    let stopped = handle.stopped().await;
    assert_eq!(stopped.why, Why::GaveUp);
    assert_eq!(*watch.borrow_and_update(), Status::Stopped(stopped));
    assert!(!watch.has_changed().unwrap());
}
