//! A handle that says something else than the events.

use std::time::Duration;

use schmoozer_core::{Event, Lifecycle, Runner};
use schmoozer_faults::{Checker, OwnedEvent, Script, Step};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::{Instant, sleep};

use crate::secs;

#[tokio::test(start_paused = true)]
async fn a_handle_that_has_not_seen_an_event_is_found_out() {
    let said = |event: Event<'_>| {
        let checker = Checker::exact();
        // Never run: its handle waits for the first attempt.
        let runner = checker.runner(Script::new([Step::stays()], [secs(1)]));
        let fault = checker.check(Instant::now(), &event).unwrap_err();
        // Nor dropped, which its observers would be told.
        std::mem::forget(runner);
        fault.split(": ").next().unwrap_or_default().to_owned()
    };
    let connected = said(Event::Connected { id: 1 });
    assert_eq!(connected, "the handle's status");
    let connecting = said(Event::Connecting { attempt: 1 });
    assert_eq!(connecting, "the handle's counts");
}

/// What the checker says to the events of one run, and to the handle of the other one after the event of this number.
async fn after(nth: usize, told: Script<Vec<Duration>>, other: Script<Vec<Duration>>) -> String {
    let (sender, mut events) = unbounded_channel();
    let told = Runner::new(told).on_event(move |event| {
        let _ = sender.send((Instant::now(), OwnedEvent::of(event)));
    });
    let other = Runner::new(other);
    let handle = other.handle();
    let tasks = [tokio::spawn(told.run()), tokio::spawn(other.run())];
    let mut checker = Checker::exact();
    for number in 0..=nth {
        let (at, event) = events.recv().await.expect("an event");
        // By now the other run has come as far.
        sleep(Duration::from_millis(1)).await;
        if number == nth {
            checker = checker.handle(handle.clone());
        }
        if let Err(fault) = checker.check(at, &event.expect("a known one").as_event()) {
            assert_eq!(number, nth, "{fault}");
            tasks.iter().for_each(tokio::task::JoinHandle::abort);
            return fault.split(": ").next().unwrap_or_default().to_owned();
        }
    }
    "passed".to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_handle_that_tells_another_story_is_found_out() {
    let script = |steps: &[Step], delays: &[u64]| {
        let delays: Vec<_> = delays.iter().copied().map(secs).collect();
        Script::new(steps.iter().copied(), delays)
    };
    let fails = Step::fails(secs(1));
    let one = || script(&[fails], &[5]);
    assert_eq!(after(2, one(), one()).await, "passed");
    let until = after(2, one(), script(&[fails], &[6])).await;
    assert_eq!(until, "until when it waits");

    let login = |step: Step, after| {
        let marked = Lifecycle::new().ready_when_marked();
        let step = step.connect_takes(secs(5 - after)).ready_after(secs(after));
        script(&[step], &[]).lifecycle(marked)
    };
    let (early, late) = (login(Step::stays(), 4), login(Step::stays(), 3));
    assert_eq!(after(2, early, late).await, "the connection's begin");

    let up = |uptime| Step::up(secs(uptime)).connect_takes(secs(30 - uptime));
    let uptime = after(5, script(&[up(20)], &[1]), script(&[up(15)], &[1])).await;
    assert_eq!(uptime, "the handle's uptime");

    let two = script(&[Step::fails(secs(2))], &[2, 3]);
    let earlier = script(&[fails, Step::fails(secs(3))], &[2, 3]);
    let since = after(5, two, earlier).await;
    assert_eq!(since, "since when there is an outage");

    let first = after(
        5,
        script(&[fails], &[1; 2]),
        script(&[fails.with("else"), fails], &[1; 2]),
    );
    assert_eq!(first.await, "the handle's outage");
}

#[tokio::test(start_paused = true)]
async fn a_tally_adds_a_run_up() {
    let steps = [
        Step::fails(secs(1)),
        Step::up(secs(20)).connect_takes(secs(2)),
        Step::exits(Ok(())),
    ];
    let checker = Checker::exact();
    let ended = checker.runner(Script::new(steps, [secs(1)])).run().await;
    assert_eq!(ended, Ok(()));
    let tally = checker.tally();
    assert_eq!((tally.attempts, tally.connections), (3, 2));
    assert_eq!((tally.failures, tally.outages), (2, 2));
    assert_eq!(tally.connects, [secs(2), secs(0)]);
    assert_eq!(tally.recoveries, [secs(3)]);
    assert_eq!(tally.uptimes, [secs(20), secs(0)]);
    assert_eq!(tally.ended, Some(schmoozer_core::Why::Exit));
    assert!(!tally.is_up());
}
