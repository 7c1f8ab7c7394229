//! Attempts that a pacer and the network hold together.

use std::future::Future as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};

use schmoozer_core::{
    ConnResult, Connector, Event, Failure, Pacer, RetryResult, RunResult, Session,
};
use schmoozer_faults::Checker;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::checked::checked_by;
use crate::scene::{Script, ms, secs, stays};

/// A connection that is held already needs no network, and waits for the pacer without spinning.
#[tokio::test(start_paused = true)]
async fn a_held_connection_waits_for_the_pacer_while_offline() {
    struct Holds(u32);

    impl Connector for Holds {
        type Connection = ();
        type Error = &'static str;

        async fn connect(&mut self) -> ConnResult<(), &'static str> {
            self.0 += 1;
            ConnResult::Connected(())
        }

        async fn run(&mut self, (): (), _: Session) -> RunResult<&'static str> {
            sleep(secs(20)).await;
            match self.0 {
                1 => RunResult::Renew,
                _ => RunResult::Exit(Ok(())),
            }
        }

        async fn retry_delay(&mut self, _: Failure<&'static str>) -> RetryResult<&'static str> {
            RetryResult::Exit(Ok(()))
        }

        fn holds_connection(&self) -> bool {
            self.0 == 1
        }
    }

    let pacer = Pacer::every(secs(3_600), 1).unwrap();
    let (network, online) = watch::channel(true);
    let waits = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&waits);
    let runner = checked_by(&Checker::exact().held_up(), Holds(0))
        .pacer(pacer)
        .while_online(online)
        .on_event(move |event| {
            if matches!(event, Event::Waiting { .. }) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
    let began = Instant::now();
    let task = tokio::spawn(runner.run());
    sleep(secs(5)).await;
    network.send_replace(false);
    task.await.unwrap().unwrap();
    // The second attempt has its turn an hour after the first one.
    assert_eq!(began.elapsed(), secs(3_600 + 20));
    assert_eq!(waits.load(Ordering::Relaxed), 2);
}

/// A turn at the pacer is for an attempt that begins now: one that the network then holds asks again.
#[tokio::test(start_paused = true)]
async fn a_turn_is_not_kept_while_offline() {
    let (network, online) = watch::channel(true);
    let script = Script::new([stays()], []).steered().held_up();
    let log = script.log();
    let pacer = Pacer::every(secs(1), 1).unwrap();
    pacer.admit().await;
    let mut first_in_line = Box::pin(pacer.admit());
    let polled = first_in_line
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    let runner = script.runner().pacer(pacer.clone()).while_online(online);
    let task = tokio::spawn(runner.run());
    sleep(secs(5)).await;
    // The turn comes and the network goes before the loop looks again.
    drop(first_in_line);
    network.send_replace(false);
    sleep(secs(60)).await;
    assert_eq!(log.attempts(), [0; 0]);
    // Another loop has the turn of this moment.
    pacer.admit().await;
    network.send_replace(true);
    sleep(ms(999)).await;
    assert_eq!(log.attempts(), [0; 0]);
    sleep(ms(2)).await;
    assert_eq!(log.attempts().len(), 1);
    task.abort();
}
