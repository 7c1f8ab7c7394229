use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use schmoozer_core::{End, Event, Handle, Observer, Runner, Why, connector_fn};
use schmoozer_faults::{Script, Step};
use tokio::time::{Instant, sleep};

use crate::checked::{checked, ms, secs, steered};

type Notes = Arc<Mutex<Vec<&'static str>>>;

fn noting(name: &'static str, notes: &Notes) -> impl FnMut(&Event<'_>) + Send + use<> {
    let notes = Arc::clone(notes);
    move |event| {
        if let Event::Connecting { .. } = event {
            notes.lock().unwrap().push(name);
        }
    }
}

/// Observes without any need for the text of causes.
#[cfg(not(feature = "tracing"))]
struct Deaf;

#[cfg(not(feature = "tracing"))]
impl Observer for Deaf {
    fn on_event(&mut self, _: &Event<'_>) {}

    fn enabled(&self) -> bool {
        false
    }
}

/// Counts how often its text was asked for.
struct Counted(Arc<AtomicUsize>);

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fetch_add(1, Ordering::Relaxed);
        f.write_str("refused")
    }
}

/// How often the text of three failures is asked for by a loop that `observer` watches.
async fn texts(observer: impl Observer) -> usize {
    let texts = Arc::new(AtomicUsize::new(0));
    let connect = || std::future::ready(Err::<(), _>(Counted(Arc::clone(&texts))));
    let connector = connector_fn(connect, async |(), _| Ok(End::Exit), [secs(1); 2]);
    let ended = Runner::new(connector).observer(observer).run().await;
    assert!(ended.is_err());
    texts.load(Ordering::Relaxed)
}

#[tokio::test(start_paused = true)]
async fn observers_are_told_in_the_order_in_which_they_were_set() {
    let notes = Notes::default();
    let connector = connector_fn(
        async || Ok::<_, String>(()),
        async |(), _| Ok(End::Exit),
        [secs(1)],
    );
    let runner = checked(connector)
        .observer(noting("first", &notes))
        .observer(noting("second", &notes))
        .on_event(noting("last", &notes));
    runner.run().await.unwrap();
    assert_eq!(*notes.lock().unwrap(), ["first", "second", "last"]);
}

/// With `tracing`, a subscriber reads them.
#[cfg(not(feature = "tracing"))]
#[tokio::test(start_paused = true)]
async fn the_text_of_a_failure_that_is_not_read_is_not_made() {
    // The last error's once, for the stop.
    assert_eq!(texts(Deaf).await, 1);
}

#[tokio::test(start_paused = true)]
async fn an_observer_needs_the_text_of_each_failure_once_and_of_the_stop() {
    assert_eq!(texts(|_: &Event<'_>| {}).await, 4);
}

#[tokio::test(start_paused = true)]
async fn a_handle_needs_the_text_of_each_failure_once_and_of_the_stop() {
    let texts = Arc::new(AtomicUsize::new(0));
    let connect = || std::future::ready(Err::<(), _>(Counted(Arc::clone(&texts))));
    let connector = connector_fn(connect, async |(), _| Ok(End::Exit), [secs(1); 2]);
    let runner = Runner::new(connector);
    let handle = runner.handle();
    assert!(runner.run().await.is_err());
    assert_eq!(handle.stats().failures, 3);
    assert_eq!(texts.load(Ordering::Relaxed), 4);
}

#[tokio::test(start_paused = true)]
async fn an_observer_may_steer_the_loop_that_it_observes() {
    let script = Script::new([Step::fails(ms(0)), Step::stays()], [secs(3600); 9]);
    let log = script.log();
    let runner = steered(script);
    let handle = runner.handle();
    let begin = Instant::now();
    let observer = |event: &Event<'_>| match event {
        Event::Waiting { attempt: 2, .. } => handle.retry_now(),
        Event::Connected { .. } => handle.reconnect(),
        Event::Waiting { .. } => handle.shutdown(),
        _ => {}
    };
    assert_eq!(runner.observer(observer).run().await, Ok(()));
    assert_eq!(begin.elapsed(), ms(10));
    assert_eq!(log.attempts(), [0, 10].map(ms));
    assert_eq!(handle.stopped().await.why, Why::Shutdown);
}

/// Row 25: an observer asks at each event.
#[tokio::test(start_paused = true)]
async fn a_request_at_each_event_starves_nothing_and_starts_one_attempt_a_second() {
    for (ask, most) in [
        (Handle::retry_now as fn(&Handle), 1),
        (Handle::renew, 11),
        (Handle::reconnect, 11),
    ] {
        let script = Script::new([Step::stays()], [secs(1); 2]);
        let log = script.log();
        let runner = steered(script);
        let (handle, other) = (runner.handle(), runner.handle());
        let mut events = 0;
        let runner = runner.observer(move |_: &Event<'_>| {
            events += 1;
            assert!(events < 1_000, "nothing else gets a turn");
            ask(&handle);
        });
        let turns = async {
            sleep(ms(10_005)).await;
            other.shutdown();
        };
        let (result, ()) = tokio::join!(runner.run(), turns);
        assert_eq!(result, Ok(()));
        assert_eq!(log.attempts().len(), most);
    }
}

#[tokio::test(start_paused = true)]
async fn a_cause_that_cannot_be_written_ends_nothing() {
    struct Broken;
    impl fmt::Display for Broken {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half a")?;
            Err(fmt::Error)
        }
    }
    let texts = Arc::new(Mutex::new(Vec::new()));
    let connect = || std::future::ready(Err::<(), _>(Broken));
    let connector = connector_fn(connect, async |(), _| Ok(End::Exit), [secs(1)]);
    let observer = |event: &Event<'_>| {
        if let Event::Failed { cause, outage, .. } = event {
            let first = outage.first_cause.clone();
            texts.lock().unwrap().push(((*cause).to_owned(), first));
        }
    };
    let ended = checked(connector).observer(observer).run().await;
    assert!(ended.is_err());
    let half = "half a".to_owned();
    assert_eq!(
        *texts.lock().unwrap(),
        [(half.clone(), half.clone()), (half.clone(), half)]
    );
}
