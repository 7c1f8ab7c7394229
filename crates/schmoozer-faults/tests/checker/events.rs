//! Events that are missing, doubled, or told otherwise than they were.

use std::time::Duration;

use schmoozer_core::{Lifecycle, Outage, Runner};
use schmoozer_faults::{Checker, OwnedEvent, Recorder, Script, Step};
use tokio::time::{Instant, sleep};

use crate::secs;

const NANO: Duration = Duration::from_nanos(1);

pub(crate) type Events = Vec<(Instant, OwnedEvent)>;

/// A run that is refused, flaps, loses a stable connection, is refused, drops one on request, renews one early, and
/// ends on a connection during that outage.
pub(crate) async fn run() -> Events {
    let steps = [
        Step::fails(secs(1)),
        Step::up(secs(1)),
        Step::up(secs(60))
            .ready_after(secs(5))
            .connect_takes(secs(1)),
        Step::fails(secs(1)),
        Step::stays(),
        Step::renews(secs(2)),
        Step::exits(Ok(())),
    ];
    let lifecycle = Lifecycle::new().ready_when_marked();
    let script = Script::new(steps, [1, 2, 3].map(secs)).lifecycle(lifecycle);
    let begin = Instant::now();
    let recorder = Recorder::new();
    let runner = Runner::new(script).observer(recorder.clone());
    let handle = runner.handle();
    let (result, ()) = tokio::join!(runner.run(), async {
        sleep(secs(76)).await;
        handle.reconnect();
    });
    assert_eq!(result, Ok(()));
    let events = recorder.events().into_iter();
    events.map(|(at, event)| (begin + at, event)).collect()
}

/// What the checker says to these events.
fn verdict(events: &[(Instant, OwnedEvent)]) -> Result<(), String> {
    let checker = Checker::exact().with_requests();
    let mut events = events.iter();
    events.try_for_each(|(at, event)| checker.check(*at, &event.as_event()))
}

/// What the checker says when one event is told otherwise, for each one that `change` changes: without the event.
async fn faults(change: impl Fn(&mut OwnedEvent) -> bool) -> Vec<String> {
    let events = run().await;
    let mut faults = Vec::new();
    for wrong in 0..events.len() {
        let mut told = events.clone();
        if change(&mut told[wrong].1) {
            let fault = verdict(&told).err();
            let fault = fault.unwrap_or_else(|| format!("passed: {:?}", events[wrong]));
            faults.push(fault.split(": ").next().unwrap_or_default().to_owned());
        }
    }
    faults
}

#[tokio::test(start_paused = true)]
async fn what_the_loop_tells_is_legal() {
    let events = run().await;
    assert_eq!(verdict(&events), Ok(()));
    assert_eq!(events.len(), 27);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_missing_is_missed() {
    let events = run().await;
    let mut passed = Vec::new();
    for missing in 0..events.len() - 1 {
        let mut told = events.clone();
        let (_, event) = told.remove(missing);
        if verdict(&told).is_ok() {
            passed.push(event.as_event().to_string());
        }
    }
    // Where requests may come, an attempt may be ended before it fails, and the next may start without a wait.
    // What a connection does before it ends as planned, it need not do.
    let may_miss = [
        "attempt 2 in 1.0s",
        "attempt 3 in 2.0s",
        "attempt 2 in 1.0s",
        "connect failed: refused",
        "attempt 3 in 2.0s",
        "attempt 5 in 10.0s",
        "ending",
    ];
    assert_eq!(passed, may_miss);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_comes_twice_is_refused() {
    let events = run().await;
    for twice in 0..events.len() {
        let mut told = events.clone();
        told.insert(twice, told[twice].clone());
        assert!(verdict(&told).is_err(), "twice: {:?}", told[twice]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_number_of_an_attempt_is_refused() {
    let faults = faults(|event| match event {
        OwnedEvent::Connecting { attempt }
        | OwnedEvent::Failed { attempt, .. }
        | OwnedEvent::Waiting { attempt, .. } => {
            *attempt += 1;
            true
        }
        _ => false,
    });
    assert_eq!(faults.await, ["the attempt's number"; 16]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_number_of_a_connection_is_refused() {
    let faults = faults(|event| match event {
        OwnedEvent::Ready { id }
        | OwnedEvent::Stable { id, .. }
        | OwnedEvent::Ending { id, .. }
        | OwnedEvent::Reconnecting { id } => {
            *id += 1;
            true
        }
        OwnedEvent::Connected { id } => {
            *id = 0;
            true
        }
        _ => false,
    });
    assert_eq!(faults.await, ["the connection's number"; 10]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_uptime_is_refused() {
    let faults = faults(|event| match event {
        OwnedEvent::Failed { uptime, .. } => {
            *uptime = match uptime {
                Some(uptime) => Some(*uptime + NANO),
                None => Some(NANO),
            };
            true
        }
        _ => false,
    });
    let none = "the uptime of no connection";
    assert_eq!(faults.await, [none, "the uptime", "the uptime", none]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_record_of_an_outage_is_refused() {
    async fn with(change: fn(&mut Outage)) -> Vec<String> {
        faults(|event| match event {
            OwnedEvent::Failed { outage, .. }
            | OwnedEvent::Stable {
                outage: Some(outage),
                ..
            } => {
                change(outage);
                true
            }
            _ => false,
        })
        .await
    }
    let attempts = with(|outage| outage.attempts += 1).await;
    assert_eq!(attempts, ["the outage's attempts"; 5]);
    let length = with(|outage| outage.length += NANO).await;
    assert_eq!(length, ["the outage's length"; 5]);
    let since = with(|outage| outage.since += NANO).await;
    assert_eq!(since, ["the outage's begin"; 5]);
    let last = with(|outage| outage.last_cause.push('!')).await;
    assert_eq!(last, ["the last cause"; 5]);
    let first = with(|outage| outage.first_cause.push('!')).await;
    assert_eq!(first, ["the first cause"; 5]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_is_over_must_be_told() {
    let faults = faults(|event| match event {
        OwnedEvent::Stable { outage, .. } => outage.take().is_some(),
        _ => false,
    });
    assert_eq!(faults.await, ["there is an outage"]);
}

#[tokio::test(start_paused = true)]
async fn a_stable_connection_must_have_been_ready_for_as_long_as_was_said() {
    let events = run().await;
    let said = |after| {
        let checker = Checker::exact().with_requests().stable_after(after);
        let mut events = events.iter();
        events
            .try_for_each(|(at, event)| checker.check(*at, &event.as_event()))
            .map_err(|fault| fault.split(": ").next().unwrap_or_default().to_owned())
    };
    assert_eq!(said(secs(10)), Ok(()));
    assert_eq!(said(secs(9)), Err("stable too late".to_owned()));
    assert_eq!(said(secs(11)), Err("stable too early".to_owned()));
}

/// A busy machine reads the begin of a wait late, but not before the event that came first.
#[tokio::test(start_paused = true)]
async fn a_wait_whose_begin_was_read_late_is_no_shorter_on_a_real_clock() {
    let events = run().await;
    let waits = |event: &OwnedEvent| matches!(event, OwnedEvent::Waiting { .. });
    let wait = events.iter().position(|(_, event)| waits(event)).unwrap();
    let verdict = |checker: Checker, sooner: Duration, late: Duration| {
        let mut told = events[..=wait + 1].to_vec();
        told[wait].0 += late;
        told[wait + 1].0 -= sooner;
        let mut told = told.iter();
        told.try_for_each(|(at, event)| checker.check(*at, &event.as_event()))
            .is_ok()
    };
    let (none, some) = (Duration::ZERO, Duration::from_millis(5));
    assert!(verdict(Checker::exact(), none, none));
    assert!(!verdict(Checker::exact(), none, some));
    assert!(verdict(Checker::within(secs(1)), none, some));
    assert!(!verdict(Checker::within(secs(1)), NANO, none));
}
