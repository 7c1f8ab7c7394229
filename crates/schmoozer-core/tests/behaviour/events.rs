//! What observers are told, word by word.

use std::future::ready;

use schmoozer_core::{Event, Handle, Lifecycle, Session, connector_fn};
use schmoozer_faults::{Checker, OwnedEvent, Recorder, Script, Step};
use tokio::time::sleep;

use crate::checked::{checked, checked_by, ms, secs, steered};

#[tokio::test(start_paused = true)]
async fn an_outage_goes_on_until_a_connection_is_stable() {
    let steps = [
        Step::fails(secs(0)),
        Step::up(secs(1)),
        Step::up(secs(30)),
        Step::exits(Ok(())),
    ];
    let script = Script::new(steps, [2, 4, 8].map(secs));
    let recorder = Recorder::new();
    checked(script)
        .observer(recorder.clone())
        .run()
        .await
        .unwrap();
    assert_eq!(
        recorder.lines(),
        [
            "0s: connecting, attempt 1",
            "0s: connect failed: refused",
            "0s: attempt 2 in 2.0s",
            "2s: connecting, attempt 2",
            "2s: connected",
            "2s: ready",
            "3s: connection lost after 1.0s: lost",
            "3s: attempt 3 in 4.0s",
            "7s: connecting, attempt 3",
            "7s: connected",
            "7s: ready",
            "17s: stable, outage over: 7.0s, 3 attempts, last: lost",
            "37s: connection lost after 30.0s: lost",
            "37s: attempt 2 in 2.0s",
            "39s: connecting, attempt 2",
            "39s: connected",
            "39s: ready",
            "39s: ending",
            "39s: ended by the connector",
        ]
    );
    let events = recorder.events();
    let OwnedEvent::Stable {
        outage: Some(outage),
        ..
    } = &events[11].1
    else {
        panic!("{:?}", events[11]);
    };
    assert_eq!((outage.attempts, outage.length), (3, secs(7)));
    let causes = (outage.first_cause.as_str(), outage.last_cause.as_str());
    assert_eq!(causes, ("refused", "lost"));
}

#[tokio::test(start_paused = true)]
async fn a_login_makes_a_connection_ready_and_no_more() {
    let steps = [
        Step::fails(secs(0)),
        Step::up(secs(5)).ready_after(secs(1)),
        Step::up(secs(13)).ready_after(secs(3)),
        Step::exits(Ok(())),
    ];
    let lifecycle = Lifecycle::new().ready_when_marked();
    let script = Script::new(steps, [secs(2); 3]).lifecycle(lifecycle);
    let recorder = Recorder::new();
    let runner = checked(script).observer(recorder.clone());
    runner.run().await.unwrap();
    assert_eq!(
        recorder.lines()[3..13],
        [
            "2s: connecting, attempt 2",
            "2s: connected",
            "3s: ready",
            "7s: connection lost after 5.0s: lost",
            "7s: attempt 3 in 2.0s",
            "9s: connecting, attempt 3",
            "9s: connected",
            "12s: ready",
            // Stable and lost in the same moment.
            "22s: stable, outage over: 12.0s, 3 attempts, last: lost",
            "22s: connection lost after 13.0s: lost",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_stable_at_once_ends_the_outage_also_when_it_exits() {
    let mut attempts = 0;
    let connector = connector_fn(
        || {
            attempts += 1;
            ready(if attempts == 1 {
                Err("refused")
            } else {
                Ok(())
            })
        },
        |(), session: Session| {
            session.ready();
            ready(Ok(schmoozer_core::End::Exit))
        },
        [secs(2); 2],
    )
    .ready_when_marked()
    .stable_after(ms(0));
    let recorder = Recorder::new();
    let checker = Checker::exact().stable_after(ms(0));
    let runner = checked_by(&checker, connector).observer(recorder.clone());
    let handle = runner.handle();
    runner.run().await.unwrap();
    assert_eq!(
        recorder.lines()[4..],
        [
            "2s: connected",
            "2s: ready",
            "2s: stable, outage over: 2.0s, 2 attempts, last: refused",
            "2s: ending",
            "2s: ended by the connector",
        ]
    );
    assert_eq!(handle.outage(), None, "it stopped in no outage");
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_stable_also_when_it_is_dropped_in_that_moment() {
    let asks: [(fn(&Handle), _); 2] = [
        (Handle::reconnect, "12s: reconnecting on request"),
        (Handle::shutdown, "12s: ending"),
    ];
    for (ask, then) in asks {
        let steps = [
            Step::fails(secs(0)),
            Step::up(secs(30)),
            Step::exits(Ok(())),
        ];
        let script = Script::new(steps, [secs(2)]);
        let recorder = Recorder::new();
        let runner = steered(script).observer(recorder.clone());
        let handle = runner.handle();
        // Polled first: the loop finds the request before it looks at the time.
        let asking = async {
            sleep(secs(12)).await;
            ask(&handle);
        };
        let ((), result) = tokio::join!(asking, runner.run());
        result.unwrap();
        let stable = "12s: stable, outage over: 2.0s, 2 attempts, last: refused";
        assert_eq!(
            recorder.lines()[4..8],
            ["2s: connected", "2s: ready", stable, then]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn giving_up_is_told_with_the_last_error_and_in_its_outage() {
    let script = Script::new([Step::fails(secs(1))], [secs(2)]);
    let recorder = Recorder::new();
    let runner = checked(script).observer(recorder.clone());
    let handle = runner.handle();
    assert_eq!(runner.run().await, Err("refused"));
    assert_eq!(recorder.lines().last().unwrap(), "4s: gave up: refused");
    let outage = handle.outage().unwrap();
    assert_eq!((outage.attempts, outage.length), (2, secs(3)));
}

#[tokio::test(start_paused = true)]
async fn a_reconnect_that_is_asked_for_is_no_failure() {
    let script = Script::new([Step::up(secs(30)), Step::exits(Ok(()))], []);
    let recorder = Recorder::new();
    let runner = steered(script).observer(recorder.clone());
    let handle = runner.handle();
    let (result, ()) = tokio::join!(runner.run(), async {
        sleep(secs(3)).await;
        handle.reconnect();
    });
    result.unwrap();
    assert_eq!(
        recorder.lines(),
        [
            "0s: connecting, attempt 1",
            "0s: connected",
            "0s: ready",
            "3s: reconnecting on request",
            "3s: connecting, attempt 1",
            "3s: connected",
            "3s: ready",
            "3s: ending",
            "3s: ended by the connector",
        ]
    );
    assert_eq!(handle.stats().failures, 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_the_program_started_with_is_told_without_an_attempt() {
    let script = Script::new([Step::exits(Ok(()))], [secs(2)]);
    let first = script.connection(Step::up(secs(3)));
    let recorder = Recorder::new();
    let runner = checked(script)
        .starting_with(first)
        .observer(recorder.clone());
    let handle = runner.handle();
    runner.run().await.unwrap();
    assert_eq!(
        recorder.lines()[..5],
        [
            "0s: connected",
            "0s: ready",
            "3s: connection lost after 3.0s: lost",
            "3s: attempt 2 in 2.0s",
            "5s: connecting, attempt 2",
        ]
    );
    let stats = handle.stats();
    assert_eq!((stats.attempts, stats.connections), (1, 2));
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "from the observer")]
async fn an_observers_panic_reaches_the_caller() {
    let script = Script::new([Step::fails(ms(0))], []);
    let _ = checked(script)
        .observer(|_: &Event<'_>| panic!("from the observer"))
        .run()
        .await;
}
