use std::future::ready;
use std::sync::{Arc, Mutex};

use schmoozer_core::{Delays, Event, Handle, Observer, Outage, Runner, connector_fn};
use tokio::time::{Instant, sleep};

use crate::event_order::EventOrder;
use crate::script::{Script, Step, ms, secs};

/// What an observer saw: the second, the name of the event, and the outage if it holds one.
type Seen = Arc<Mutex<Vec<(u64, &'static str, Option<Outage>)>>>;

fn observer() -> (Seen, impl FnMut(&Event<'_>) + Send) {
    let seen = Seen::default();
    let begin = Instant::now();
    let mut order = EventOrder::exact();
    let observer = {
        let seen = Arc::clone(&seen);
        move |event: &Event<'_>| {
            order.on_event(event);
            let (name, outage) = match *event {
                Event::Connecting { .. } => ("connecting", None),
                Event::Connected { .. } => ("connected", None),
                Event::Recovered { outage } => ("recovered", Some(outage.clone())),
                Event::Failed { .. } => ("failed", None),
                Event::OutageBegan { outage } => ("outage began", Some(outage.clone())),
                Event::Waiting { .. } => ("waiting", None),
                Event::Reconnecting { .. } => ("reconnecting", None),
                Event::Stopped { outage, .. } => ("stopped", outage.cloned()),
                _ => ("unknown", None),
            };
            seen.lock()
                .unwrap()
                .push((begin.elapsed().as_secs(), name, outage));
        }
    };
    (seen, observer)
}

fn names(seen: &Seen) -> Vec<(u64, &'static str)> {
    seen.lock()
        .unwrap()
        .iter()
        .map(|(at, name, _)| (*at, *name))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn an_outage_goes_on_until_a_connection_has_lasted() {
    let steps = [
        Step::Fails(secs(0)),
        Step::Up(secs(1)),
        Step::Up(secs(30)),
        Step::Exits(Ok(())),
    ];
    let script = Script::new(steps, Delays::new(vec![secs(2), secs(4), secs(8)]));
    let (seen, observer) = observer();
    Runner::new(script).observer(observer).run().await.unwrap();
    assert_eq!(
        names(&seen),
        [
            (0, "connecting"),
            (0, "failed"),
            (0, "outage began"),
            (0, "waiting"),
            (2, "connecting"),
            (2, "connected"),
            (3, "failed"),
            (3, "waiting"),
            (7, "connecting"),
            (7, "connected"),
            (17, "recovered"),
            (37, "failed"),
            (37, "outage began"),
            (37, "waiting"),
            (39, "connecting"),
            (39, "connected"),
            (39, "stopped"),
        ]
    );
    let seen = seen.lock().unwrap();
    let outage = seen[10].2.as_ref().unwrap();
    assert_eq!((outage.attempts, outage.length), (3, secs(7)));
    assert_eq!(
        (outage.first_cause.as_str(), outage.last_cause.as_str()),
        ("refused", "lost")
    );
    let stopped = seen[16].2.as_ref().unwrap();
    assert_eq!((stopped.attempts, stopped.length), (1, secs(2)));
}

#[tokio::test(start_paused = true)]
async fn a_mark_ends_the_outage_when_it_is_made() {
    let steps = [
        Step::Fails(secs(0)),
        Step::Good(secs(5)),
        Step::Exits(Ok(())),
    ];
    let (seen, observer) = observer();
    let script = Script::new(steps, Delays::new(vec![secs(2); 2]));
    Runner::new(script).observer(observer).run().await.unwrap();
    assert_eq!(
        names(&seen)[5..8],
        [(2, "connected"), (2, "recovered"), (7, "failed")]
    );
}

#[tokio::test(start_paused = true)]
async fn a_mark_ends_the_outage_also_of_a_connection_that_exits_at_once() {
    let mut attempts = 0;
    let delays = Delays::new([secs(2); 2]);
    let health = delays.health();
    let connector = connector_fn(
        || {
            attempts += 1;
            ready(if attempts == 1 {
                Err("refused")
            } else {
                Ok(())
            })
        },
        |()| {
            health.mark();
            ready(Ok(()))
        },
        delays,
    );
    let (seen, observer) = observer();
    Runner::new(connector)
        .observer(observer)
        .run()
        .await
        .unwrap();
    assert_eq!(
        names(&seen)[5..],
        [(2, "connected"), (2, "recovered"), (2, "stopped")]
    );
    assert_eq!(seen.lock().unwrap()[7].2, None, "it stopped in no outage");
}

#[tokio::test(start_paused = true)]
async fn a_connection_has_lasted_also_when_it_is_dropped_in_that_moment() {
    let asks: [(fn(&Handle), _); 2] = [
        (Handle::reconnect, "reconnecting"),
        (Handle::shutdown, "stopped"),
    ];
    for (ask, then) in asks {
        let steps = [
            Step::Fails(secs(0)),
            Step::Up(secs(30)),
            Step::Exits(Ok(())),
        ];
        let script = Script::new(steps, Delays::new(vec![secs(2)]));
        let (seen, observer) = observer();
        let runner = Runner::new(script).observer(observer);
        let handle = runner.handle();
        // Polled first: the loop finds the request before it looks at the time.
        let asking = async {
            sleep(secs(12)).await;
            ask(&handle);
        };
        let ((), result) = tokio::join!(asking, runner.run());
        result.unwrap();
        assert_eq!(
            names(&seen)[5..8],
            [(2, "connected"), (12, "recovered"), (12, then)]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn giving_up_tells_of_the_outage() {
    let script = Script::new([Step::Fails(secs(1))], Delays::new(vec![secs(2)]));
    let (seen, observer) = observer();
    assert_eq!(
        Runner::new(script).observer(observer).run().await,
        Err("refused")
    );
    let seen = seen.lock().unwrap();
    let outage = seen.last().unwrap().2.as_ref().unwrap();
    assert_eq!((outage.attempts, outage.length), (2, secs(3)));
}

#[tokio::test(start_paused = true)]
async fn a_reconnect_that_is_asked_for_is_no_failure() {
    let script = Script::new(
        [Step::Up(secs(30)), Step::Exits(Ok(()))],
        Delays::new(vec![]),
    );
    let (seen, observer) = observer();
    let runner = Runner::new(script).observer(observer);
    let handle = runner.handle();
    let (result, ()) = tokio::join!(runner.run(), async {
        sleep(secs(3)).await;
        handle.reconnect();
    });
    result.unwrap();
    assert_eq!(
        names(&seen),
        [
            (0, "connecting"),
            (0, "connected"),
            (3, "reconnecting"),
            (3, "connecting"),
            (3, "connected"),
            (3, "stopped"),
        ]
    );
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "from the observer")]
async fn an_observers_panic_reaches_the_caller() {
    let script = Script::new([Step::Fails(ms(0))], Delays::new(vec![]));
    let _ = Runner::new(script)
        .observer(|_: &Event<'_>| panic!("from the observer"))
        .run()
        .await;
}
