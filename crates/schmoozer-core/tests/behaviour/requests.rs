//! What a request does in each state, however often it is made: only that which is under way is cut short.

use std::future::pending;
use std::sync::{Arc, Mutex};

use schmoozer_core::{
    ConnResult, Connector, Failure, Handle, Pacer, RetryResult, RunResult, Runner, Status,
};
use tokio::time::{Instant, sleep, timeout};

use crate::event_order::EventOrder;
use crate::script::{checked, ms, secs};

/// Takes a second to connect and a second to decide; its first attempt fails, its second is up for twenty,
/// its third stays.
struct Slow {
    begin: Instant,
    attempts: Arc<Mutex<Vec<u128>>>,
}

impl Connector for Slow {
    type Connection = usize;
    type Error = &'static str;

    async fn connect(&mut self) -> ConnResult<usize, &'static str> {
        let attempt = {
            let mut attempts = self.attempts.lock().unwrap();
            attempts.push(self.begin.elapsed().as_millis());
            attempts.len()
        };
        sleep(secs(1)).await;
        match attempt {
            1 => ConnResult::Reconnect("refused"),
            attempt => ConnResult::Connected(attempt),
        }
    }

    async fn run(&mut self, attempt: usize) -> RunResult<&'static str> {
        match attempt {
            2 => sleep(secs(20)).await,
            _ => pending().await,
        }
        RunResult::Reconnect("lost")
    }

    async fn retry_delay(&mut self, _: Failure<&'static str>) -> RetryResult<&'static str> {
        sleep(secs(1)).await;
        RetryResult::After(secs(10))
    }
}

/// When the attempts begin, if at `at` a thousand requests come at once; and what came of the outages.
async fn attempts(pacer: Option<Pacer>, at: u64, ask: fn(&Handle)) -> (Vec<u128>, u64) {
    let attempts = Arc::default();
    let slow = Slow {
        begin: Instant::now(),
        attempts: Arc::clone(&attempts),
    };
    let order = EventOrder::exact().waits_may_be_cut();
    let (handle, task) = match pacer {
        Some(pacer) => Runner::new(slow)
            .pacer(pacer)
            .observer(order.held_up())
            .spawn(),
        None => Runner::new(slow).observer(order).spawn(),
    };
    sleep(ms(at)).await;
    (0..1_000).for_each(|_| ask(&handle));
    sleep(secs(1_000)).await;
    assert!(matches!(handle.status(), Status::Connected { .. }));
    let outages = handle.stats().outages;
    handle.shutdown();
    task.await.unwrap().unwrap();
    let attempts = attempts.lock().unwrap().clone();
    (attempts, outages)
}

/// Before the first poll, connecting, deciding, connecting again, connected, deciding again, connected for good.
const NOTHING_TO_CUT: [u64; 6] = [0, 500, 1_500, 12_500, 33_500, 44_500];

/// Row 25: `retry_now` in each state.
#[tokio::test(start_paused = true)]
async fn retry_now_cuts_the_wait_that_is_under_way_and_nothing_else() {
    for at in [&NOTHING_TO_CUT[..], &[20_000, 50_000]].concat() {
        let (attempts, _) = attempts(None, at, Handle::retry_now).await;
        assert_eq!(attempts, [0, 12_000, 44_000], "at {at}");
    }
    // The waits are from 2 s to 12 s and from 34 s to 44 s.
    let (first, _) = attempts(None, 5_000, Handle::retry_now).await;
    assert_eq!(first, [0, 5_000, 37_000]);
    let (second, _) = attempts(None, 40_000, Handle::retry_now).await;
    assert_eq!(second, [0, 12_000, 40_000]);
}

/// Row 25: `retry_now` while a pacer holds the attempt.
#[tokio::test(start_paused = true)]
async fn a_pacer_is_not_hurried_and_nothing_is_kept_for_the_wait_after_it() {
    let pacer = || Some(Pacer::every(secs(100), 1));
    // The second attempt has its turn at 100 s; the wait after it ends at 132 s.
    for at in [50_000, 100_500, 150_000] {
        let (attempts, _) = attempts(pacer(), at, Handle::retry_now).await;
        assert_eq!(attempts, [0, 100_000, 200_000], "at {at}");
    }
}

/// Row 26: `reconnect` in each other state.
#[tokio::test(start_paused = true)]
async fn reconnect_does_nothing_while_there_is_nothing_to_drop_or_cut() {
    for at in NOTHING_TO_CUT {
        let (attempts, outages) = attempts(None, at, Handle::reconnect).await;
        assert_eq!((attempts, outages), (vec![0, 12_000, 44_000], 2), "at {at}");
    }
}

/// Row 26: `reconnect` while connected and while waiting.
#[tokio::test(start_paused = true)]
async fn reconnect_drops_one_connection_or_cuts_one_wait() {
    // Connected: the next connection is that which stays.
    let connected = attempts(None, 20_000, Handle::reconnect).await;
    assert_eq!(connected, (vec![0, 12_000, 20_000], 1));
    let waiting = attempts(None, 5_000, Handle::reconnect).await;
    assert_eq!(waiting, (vec![0, 5_000, 37_000], 2));
}

/// Row 28: the handle is dropped in each state.
#[tokio::test(start_paused = true)]
async fn a_handle_that_is_dropped_in_any_state_changes_nothing() {
    for at in [0, 500, 1_500, 5_000, 12_500, 20_000, 33_500, 40_000] {
        let attempts = Arc::default();
        let slow = Slow {
            begin: Instant::now(),
            attempts: Arc::clone(&attempts),
        };
        let runner = checked(slow);
        let handle = runner.handle();
        let dropped = async move {
            // With a waiter of its own and a watch, which end in the middle too.
            let _watch = handle.watch();
            let failures = handle.connected_or(1_000);
            let _ = timeout(ms(at), async { tokio::join!(failures, pending::<()>()) }).await;
        };
        let both = async { tokio::join!(runner.run(), dropped) };
        assert!(timeout(secs(1_000), both).await.is_err());
        assert_eq!(*attempts.lock().unwrap(), [0, 12_000, 44_000], "at {at}");
    }
}
