//! A handle that says something else than the events.

use schmoozer_core::Event;
use schmoozer_faults::{Checker, Script, Step};
use tokio::time::Instant;

use crate::secs;

#[tokio::test(start_paused = true)]
async fn a_handle_that_has_not_seen_an_event_is_found_out() {
    let said = |event: Event<'_>| {
        let checker = Checker::exact();
        // Never run: its handle waits for the first attempt.
        let _runner = checker.runner(Script::new([Step::stays()], [secs(1)]));
        let fault = checker.check(Instant::now(), &event).unwrap_err();
        fault.split(": ").next().unwrap_or_default().to_owned()
    };
    let connected = said(Event::Connected { id: 1 });
    assert_eq!(connected, "the handle's status");
    let connecting = said(Event::Connecting { attempt: 1 });
    assert_eq!(connecting, "the handle's counts");
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
