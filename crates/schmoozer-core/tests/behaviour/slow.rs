//! Observers and subscribers that take their time: it passes, and decides nothing.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use schmoozer_core::{Delays, Event, Runner};
use tokio::time::advance;

use crate::event_order::EventOrder;
use crate::script::{Script, Step, ms, secs};

/// Lets the paused clock go on, as work does that blocks its thread.
pub(crate) fn works(time: Duration) {
    let advanced = std::pin::pin!(advance(time)).poll(&mut Context::from_waker(Waker::noop()));
    // The clock has moved with the first poll; what is left is a yield.
    assert_eq!(advanced, Poll::Pending);
}

/// What was decided, told by a run that is refused, flaps twice, lasts, and gives up.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Decided {
    delays: Vec<Duration>,
    uptimes: Vec<Option<Duration>>,
    recoveries: u32,
    pub(crate) attempts: Vec<u64>,
}

/// Decisions that no observer has slowed down: each uptime is the connection's own.
pub(crate) fn unhurried(attempts: &[u64]) -> Decided {
    Decided {
        delays: [1, 2, 4, 1, 2, 4].map(secs).into(),
        uptimes: vec![
            None,
            Some(secs(9)),
            Some(secs(9)),
            Some(secs(20)),
            None,
            None,
            None,
        ],
        recoveries: 1,
        attempts: attempts.to_vec(),
    }
}

/// Runs it, with an observer that works for so long at each event. What events tell of times may be off by
/// `slack`.
pub(crate) async fn decided(work: Duration, slack: Duration) -> Decided {
    let steps = [
        Step::Fails(ms(0)),
        Step::Up(secs(9)),
        Step::Up(secs(9)),
        Step::Up(secs(20)),
        Step::Fails(ms(0)),
    ];
    let delays = Delays::new([1, 2, 4].map(secs).to_vec());
    let script = Script::new(steps, delays);
    let (attempts, failures) = (Arc::clone(&script.attempts), Arc::clone(&script.failures));
    let decided = Arc::<Mutex<Decided>>::default();
    let seen = Arc::clone(&decided);
    let see = move |event: &Event<'_>| {
        let mut seen = seen.lock().unwrap();
        match *event {
            Event::Waiting { delay, .. } => seen.delays.push(delay),
            Event::Recovered { .. } => seen.recoveries += 1,
            _ => {}
        }
        if !work.is_zero() {
            works(work);
        }
    };
    let order = EventOrder::within(slack);
    let runner = Runner::new(script).observer(order).observer(see);
    assert_eq!(runner.run().await, Err("refused"));
    let mut decided = decided.lock().unwrap().clone();
    let failures = failures.lock().unwrap();
    decided.uptimes = failures.iter().map(|failure| failure.uptime).collect();
    decided.attempts.clone_from(&attempts.lock().unwrap());
    decided
}

/// Row 33: a slow observer; the paused clock goes on while it works.
#[tokio::test(start_paused = true)]
async fn a_slow_observer_changes_no_decision() {
    let at_once = [0, 1_000, 12_000, 25_000, 46_000, 48_000, 52_000];
    assert_eq!(
        decided(Duration::ZERO, Duration::ZERO).await,
        unhurried(&at_once)
    );
    // Two seconds at each event, and no connection seems to have lasted that did not.
    let slowly = decided(secs(2), secs(20)).await;
    assert_eq!(slowly, unhurried(&slowly.attempts));
}
