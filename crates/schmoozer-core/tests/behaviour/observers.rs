use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use schmoozer_core::{Event, Handle, Observer, Runner, connector_fn};

use crate::script::secs;

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
struct Deaf;

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
    let connector = connector_fn(connect, async |()| Ok(()), [secs(1); 2]);
    let ended = Runner::new(connector).observer(observer).run().await;
    assert!(ended.is_err());
    texts.load(Ordering::Relaxed)
}

#[tokio::test(start_paused = true)]
async fn observers_are_told_in_the_order_in_which_they_were_set() {
    let notes = Notes::default();
    let connector = connector_fn(async || Ok::<_, String>(()), async |()| Ok(()), [secs(1)]);
    let runner = Runner::new(connector)
        .observer(noting("first", &notes))
        .observer((noting("pair, left", &notes), noting("pair, right", &notes)))
        .observer(None::<Deaf>)
        .observer(Some(noting("some", &notes)))
        .observer(())
        .observer(noting("last", &notes));
    runner.run().await.unwrap();
    let order = ["first", "pair, left", "pair, right", "some", "last"];
    assert_eq!(*notes.lock().unwrap(), order);
}

#[tokio::test(start_paused = true)]
async fn a_text_that_nobody_wants_is_not_made() {
    assert_eq!(texts(()).await, 0);
    assert_eq!(texts(Deaf).await, 0);
    assert_eq!(texts((Deaf, None::<fn(&Event<'_>)>)).await, 0);
    // Each failure's once, for the record of its outage.
    assert_eq!(texts(|_: &Event<'_>| {}).await, 3);
    assert_eq!(texts((Deaf, |_: &Event<'_>| {})).await, 3);
    assert_eq!(texts(Some(|_: &Event<'_>| {})).await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_handle_needs_the_text_of_each_failure_once() {
    let texts = Arc::new(AtomicUsize::new(0));
    let connect = || std::future::ready(Err::<(), _>(Counted(Arc::clone(&texts))));
    let runner = Runner::new(connector_fn(connect, async |()| Ok(()), [secs(1); 2]));
    let handle = runner.handle();
    assert!(runner.run().await.is_err());
    assert_eq!(handle.stats().failures, 3);
    assert_eq!(texts.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn an_observer_may_steer_the_loop_that_it_observes() {
    let mut attempts = 0;
    let connector = connector_fn(
        || {
            attempts += 1;
            std::future::ready(if attempts == 2 {
                Ok(())
            } else {
                Err("refused")
            })
        },
        async |()| std::future::pending().await,
        [secs(3600); 9],
    );
    let runner = Runner::new(connector);
    let handle = runner.handle();
    let begin = tokio::time::Instant::now();
    let observer = |event: &Event<'_>| match event {
        Event::Waiting { attempt: 1, .. } => handle.retry_now(),
        Event::Connected { .. } => handle.reconnect(),
        Event::Waiting { .. } => handle.shutdown(),
        _ => {}
    };
    assert_eq!(runner.observer(observer).run().await, Ok(()));
    assert_eq!(begin.elapsed(), secs(0));
    drop(handle);
    assert_eq!(attempts, 3);
}

/// Row 25: an observer asks at each event.
#[tokio::test(start_paused = true)]
async fn a_retry_or_a_reconnect_asked_for_at_each_event_starves_nobody() {
    for ask in [Handle::retry_now, Handle::reconnect] {
        let connector = connector_fn(
            async || Ok::<_, &str>(()),
            async |()| std::future::pending().await,
            [secs(1); 2],
        );
        let runner = Runner::new(connector);
        let (handle, other) = (runner.handle(), runner.handle());
        let mut events = 0;
        let runner = runner.observer(move |_: &Event<'_>| {
            events += 1;
            assert!(events < 10_000, "nobody else gets a turn");
            ask(&handle);
        });
        let turns = async {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            other.shutdown();
        };
        let (result, ()) = tokio::join!(runner.run(), turns);
        assert_eq!(result, Ok(()));
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
    let connector = connector_fn(connect, async |()| Ok(()), [secs(1)]);
    let observer = |event: &Event<'_>| {
        if let Event::Waiting { outage, .. } | Event::OutageBegan { outage } = event {
            texts.lock().unwrap().push(outage.first_cause.clone());
        }
    };
    assert!(
        Runner::new(connector)
            .observer(observer)
            .run()
            .await
            .is_err()
    );
    assert_eq!(*texts.lock().unwrap(), ["half a"; 2]);
}
