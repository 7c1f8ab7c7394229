//! Requests that come at awkward moments: twice, while stopping, from inside, before and after.

use std::sync::{Arc, OnceLock};

use schmoozer_core::{
    ConnResult, Connector, Delays, Failure, Handle, RetryResult, RunResult, Runner, Status, Stopped,
};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::event_order::EventOrder;
use crate::script::{Script, Step, checked, ms, secs};

#[tokio::test(start_paused = true)]
async fn a_shutdown_before_the_first_poll_connects_to_nothing() {
    let mut script = Script::new([Step::Up(secs(1))], Delays::new(vec![]));
    let runner = Runner::new(&mut script);
    let handle = runner.handle();
    handle.shutdown();
    assert_eq!(handle.status(), Status::Connecting { attempt: 0 });
    assert_eq!(runner.run().await, Ok(()));
    assert_eq!(handle.status(), Status::Stopped);
    assert_eq!(script.attempts(), [0; 0]);
}

/// Row 23: a shutdown through a handle, in each state.
#[tokio::test(start_paused = true)]
async fn a_shutdown_in_each_state_ends_at_once_and_a_second_changes_nothing() {
    // Connecting until 1 s, waiting until 3 s, connected from then on with 4 s to end.
    for (at, ends) in [(ms(500), ms(500)), (secs(2), secs(2)), (secs(5), secs(9))] {
        let steps = [Step::Fails(secs(1)), Step::Up(secs(60))];
        let runner = checked(Script::new(steps, Delays::new(vec![secs(2)]))).grace(secs(4));
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
        handle.retry_now();
        let ended = task.await.unwrap();
        assert_eq!((ended, begin.elapsed()), (Ok(()), ends.max(at + secs(1))));
        handle.shutdown();
        assert_eq!(handle.connected().await, Err(Stopped));
    }
}

/// Row 30: shut down, then run again.
#[tokio::test(start_paused = true)]
async fn a_connector_that_was_shut_down_can_be_run_again_at_once() {
    let mut script = Script::new([Step::Fails(ms(0))], Delays::new(vec![secs(1), secs(8)]));
    for begun in [0, 5_000] {
        let runner = checked(&mut script);
        let handle = runner.handle();
        let (ended, ()) = tokio::join!(runner.run(), async {
            sleep(secs(5)).await;
            handle.shutdown();
        });
        assert_eq!(ended, Ok(()));
        assert_eq!(handle.stats().attempts, 2, "each handle counts its own run");
        let attempts = script.attempts();
        assert_eq!(attempts[attempts.len() - 2..], [begun, begun + 1_000]);
    }
}

#[tokio::test(start_paused = true)]
async fn work_on_a_fresh_connection_that_fails_is_a_failed_attempt() {
    // The server lets everybody in and hangs up during the login.
    let script = Script::new([Step::Up(ms(100))], Delays::new(vec![secs(1), secs(2)]));
    let attempts = Arc::clone(&script.attempts);
    let (handle, task) = checked(script).spawn();
    assert_eq!(task.await.unwrap(), Err("lost"));
    assert_eq!(*attempts.lock().unwrap(), [0, 1_100, 3_200]);
    let stats = handle.stats();
    assert_eq!((stats.failures, stats.outages), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_reconnect_during_a_wait_cuts_it_short_and_the_outage_goes_on() {
    let script = Script::new([Step::Fails(ms(0))], Delays::new(vec![secs(10), secs(20)]));
    let attempts = Arc::clone(&script.attempts);
    let (handle, task) = Runner::new(script)
        .observer(EventOrder::exact().waits_may_be_cut())
        .spawn();
    sleep(secs(3)).await;
    handle.reconnect();
    assert_eq!(task.await.unwrap(), Err("refused"));
    assert_eq!(*attempts.lock().unwrap(), [0, 3_000, 23_000]);
    assert_eq!(handle.stats().outages, 1);
}

/// Asks the handle of its own loop, in each of its methods.
struct Asks {
    handle: Arc<OnceLock<Handle>>,
    ask: fn(&Handle),
    attempts: u32,
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
        self.attempts += 1;
        sleep(secs(1)).await;
        match self.attempts {
            1 => ConnResult::Reconnect("refused"),
            4 => ConnResult::Exit(Err("enough")),
            _ => ConnResult::Connected(()),
        }
    }

    async fn run(&mut self, (): ()) -> RunResult<&'static str> {
        self.ask();
        sleep(secs(1)).await;
        RunResult::Exit(Err("ended"))
    }

    async fn retry_delay(&mut self, _: Failure<&'static str>) -> RetryResult<&'static str> {
        self.ask();
        RetryResult::After(secs(1))
    }
}

/// Row 25: `retry_now` from within the connector.
#[tokio::test(start_paused = true)]
async fn what_is_asked_from_inside_holds_for_the_moment_in_which_it_is_asked() {
    let expected: [(fn(&Handle), _); 3] = [
        // Nothing waits while a method runs, and nothing is kept for later.
        (Handle::retry_now, (Err("ended"), 4, 2)),
        // A connection that asks for another is dropped, each time.
        (Handle::reconnect, (Err("enough"), 5, 4)),
        (Handle::shutdown, (Ok(()), 0, 1)),
    ];
    for (ask, ended) in expected {
        let handle = Arc::default();
        let mut asks = Asks {
            handle: Arc::clone(&handle),
            ask,
            attempts: 0,
        };
        let begin = Instant::now();
        let runner = Runner::new(&mut asks).observer(EventOrder::exact().waits_may_be_cut());
        handle.set(runner.handle()).unwrap();
        let result = runner.run().await;
        assert_eq!((result, begin.elapsed().as_secs(), asks.attempts), ended);
    }
}

fn spawn_panicking(step: u32) -> (Handle, JoinHandle<Result<(), &'static str>>) {
    struct Panics(u32);
    impl Connector for Panics {
        type Connection = ();
        type Error = &'static str;
        async fn connect(&mut self) -> ConnResult<(), &'static str> {
            sleep(secs(1)).await;
            match self.0 {
                0 => panic!("from connect"),
                1 => ConnResult::Connected(()),
                _ => ConnResult::Reconnect("refused"),
            }
        }
        async fn run(&mut self, (): ()) -> RunResult<&'static str> {
            panic!("from run")
        }
        async fn retry_delay(&mut self, _: Failure<&'static str>) -> RetryResult<&'static str> {
            panic!("from retry_delay")
        }
    }
    checked(Panics(step)).grace(secs(9)).spawn()
}

/// Row 27: `connect`, `run` or `retry_delay` panics.
#[tokio::test(start_paused = true)]
async fn a_panic_in_any_method_reaches_the_caller_and_the_handles() {
    for (step, from) in ["from connect", "from run", "from retry_delay"]
        .into_iter()
        .enumerate()
    {
        let (handle, task) = spawn_panicking(u32::try_from(step).unwrap());
        let mut watch = handle.watch();
        let watching = watch.wait_for(|status| *status == Status::Stopped);
        let (_, limited) = tokio::join!(watching, handle.connected_or(9));
        // A connection that was up before its panic answered.
        assert_eq!(limited.is_ok(), step == 1);
        let panic = task.await.unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&from));
        assert_eq!(handle.connected().await, Err(Stopped));
    }
}

/// Row 28: an observer panics.
#[tokio::test(start_paused = true)]
async fn an_observers_panic_leaves_nobody_waiting() {
    let script = Script::new([Step::Fails(secs(1))], Delays::new(vec![secs(1)]));
    let observer = |event: &schmoozer_core::Event<'_>| {
        assert!(
            !matches!(event, schmoozer_core::Event::Waiting { .. }),
            "seen"
        );
    };
    let (handle, task) = Runner::new(script).observer(observer).spawn();
    assert_eq!(handle.connected().await, Err(Stopped));
    assert!(task.await.unwrap_err().is_panic());
}

/// Row 28: a watch is never read.
#[tokio::test(start_paused = true)]
async fn a_watch_that_is_never_read_holds_one_status() {
    let steps = [Step::Fails(ms(0))];
    let script = Script::new(steps, Delays::new(vec![ms(20); 10_000]));
    let (handle, task) = checked(script).spawn();
    let mut watch = handle.watch();
    assert_eq!(task.await.unwrap(), Err("refused"));
    assert_eq!(handle.stats().attempts, 10_001);
    assert_eq!(*watch.borrow_and_update(), Status::Stopped);
    assert!(!watch.has_changed().unwrap());
}
