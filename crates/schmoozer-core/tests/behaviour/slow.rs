//! Observers and subscribers that take their time: it passes, and decides nothing.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use schmoozer_core::Event;
use schmoozer_faults::{Checker, Script, Step};
use tokio::time::advance;

use crate::checked::{checked_by, ms, secs};

/// Lets the paused clock go on, as work does that blocks its thread.
pub(crate) fn works(time: Duration) {
    let advanced = std::pin::pin!(advance(time)).poll(&mut Context::from_waker(Waker::noop()));
    // The clock has moved with the first poll; what is left is a yield.
    assert_eq!(advanced, Poll::Pending);
}

/// What was decided in a run that is refused, flaps twice, is stable, and gives up.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Decided {
    delays: Vec<Duration>,
    uptimes: Vec<Option<Duration>>,
    recoveries: u32,
    pub(crate) attempts: Vec<Duration>,
}

/// Decisions that no observer has slowed down: each uptime is the connection's own.
pub(crate) fn unhurried(attempts: Vec<Duration>) -> Decided {
    let up = |uptime| Some(secs(uptime));
    Decided {
        delays: [1, 2, 4, 1, 2, 4].map(secs).into(),
        uptimes: vec![None, up(9), up(9), up(20), None, None, None],
        recoveries: 1,
        attempts,
    }
}

/// Runs it, with an observer that works for so long at each event. What events tell of times may be off by `slack`.
pub(crate) async fn decided(work: Duration, slack: Duration) -> Decided {
    let steps = [
        Step::fails(ms(0)),
        Step::up(secs(9)),
        Step::up(secs(9)),
        Step::up(secs(20)),
        Step::fails(ms(0)),
    ];
    let script = Script::new(steps, [1, 2, 4].map(secs));
    let log = script.log();
    let decided = Arc::<Mutex<Decided>>::default();
    let seen = Arc::clone(&decided);
    let see = move |event: &Event<'_>| {
        let mut seen = seen.lock().unwrap();
        match *event {
            Event::Waiting { delay, .. } => seen.delays.push(delay),
            Event::Stable {
                outage: Some(_), ..
            } => seen.recoveries += 1,
            _ => {}
        }
        if !work.is_zero() {
            works(work);
        }
    };
    let runner = checked_by(&Checker::within(slack), script).observer(see);
    assert_eq!(runner.run().await, Err("refused"));
    let mut decided = decided.lock().unwrap().clone();
    let failures = log.failures();
    decided.uptimes = failures.iter().map(|failure| failure.uptime).collect();
    decided.attempts = log.attempts();
    decided
}

/// Row 33: a slow observer; the paused clock goes on while it works.
#[tokio::test(start_paused = true)]
async fn a_slow_observer_changes_no_decision() {
    let at_once = [0, 1, 12, 25, 46, 48, 52].map(secs).to_vec();
    assert_eq!(
        decided(Duration::ZERO, Duration::ZERO).await,
        unhurried(at_once)
    );
    // Two seconds at each event, and no connection seems stable that was not.
    let slowly = decided(secs(2), secs(20)).await;
    assert_eq!(slowly, unhurried(slowly.attempts.clone()));
}
