//! The live client: shown while its connection serves, the newest first.

use std::sync::{Arc, Mutex, OnceLock, mpsc};

use schmoozer_core::{
    Current, End, Live, Publisher, PublishersGone, Runner, Session, connector_fn,
};
use schmoozer_faults::Checker;
use tokio::time::{sleep, timeout};

use crate::checked::checked_by;
use crate::scene::{Script, ms, secs, serves, stays};

fn shown(current: &Current<u8>) -> Option<u8> {
    current.get().map(|live| *live)
}

#[tokio::test(start_paused = true)]
async fn a_client_is_shown_while_its_handler_holds_it_and_its_session_is_then_ready() {
    let (publisher, current) = Current::new();
    let serving = |client: u8| {
        let publisher = publisher.clone();
        serves(async move |session: Session| {
            sleep(secs(1)).await;
            let _live = publisher.publish(&session, client);
            sleep(secs(1)).await;
            Err("lost")
        })
    };
    let script = Script::new([serving(1), serving(2)], [secs(1); 2]).ready_when_marked();
    let (log, handle, task) = script.spawn();
    assert_eq!(shown(&current), None);
    let live = current.ready().await.unwrap();
    assert_eq!((log.now(), *live), (1_000, 1));
    assert_eq!(handle.connected().await, Ok(Live::id(&live)));
    sleep(ms(1_500)).await;
    assert_eq!(shown(&current), None);
    // One that a task holds stays its own.
    assert_eq!(*live, 1);
    let next = current.ready().await.unwrap();
    assert_eq!((*next, Live::id(&next) > Live::id(&live)), (2, true));
    assert_eq!(log.of(&["ready"]), ["1000 ready", "4000 ready"]);
    task.await.unwrap().unwrap();
    assert_eq!(shown(&current), None);
    drop(publisher);
    let PublishersGone { .. } = current.ready().await.unwrap_err();
}

#[test]
fn several_overlap_and_the_newest_shows() {
    let (publisher, current) = Current::new();
    let session = Session::detached();
    let [one, two, three] = [1, 2, 3].map(|client| publisher.publish(&session, client));
    assert_eq!(shown(&current), Some(3));
    drop(two);
    assert_eq!(shown(&current), Some(3));
    drop(three);
    assert_eq!(shown(&current), Some(1));
    let four = publisher.publish(&session, 4);
    drop(one);
    assert_eq!(shown(&current), Some(4));
    drop(four);
    assert_eq!(shown(&current), None);
}

#[tokio::test(start_paused = true)]
async fn on_a_session_that_ended_or_was_told_to_nothing_is_shown() {
    let (publisher, current) = Current::new();
    let (give, given) = mpsc::channel::<Session>();
    let told = {
        let (publisher, current) = (publisher.clone(), current.clone());
        serves(async move |session: Session| {
            session.renew();
            let _live = publisher.publish(&session, 1);
            assert_eq!(shown(&current), None);
            give.send(session.clone()).unwrap();
            Ok(session.stopping().await)
        })
    };
    let (log, handle, task) = Script::new([told, stays()], []).ready_when_marked().spawn();
    sleep(secs(60)).await;
    let _late = publisher.publish(&given.recv().unwrap(), 2);
    assert_eq!(shown(&current), None);
    assert!(timeout(secs(1), current.ready()).await.is_err());
    assert_eq!(log.of(&["ready"]), [""; 0]);
    assert!(timeout(secs(1), handle.connected()).await.is_err());
    task.abort();
}

#[tokio::test(start_paused = true)]
async fn a_client_is_shown_before_its_session_is_ready() {
    let (publisher, current) = Current::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let step = {
        let publisher = publisher.clone();
        serves(async move |session: Session| {
            let _live = publisher.publish(&session, 1);
            sleep(secs(1)).await;
            Ok(End::Exit)
        })
    };
    let told = Arc::clone(&seen);
    let script = Script::new([step], []).ready_when_marked();
    let runner = script.runner().on_event(move |event| {
        if let schmoozer_core::Event::Ready { .. } = event {
            told.lock().unwrap().push(current.get().map(|live| *live));
        }
    });
    runner.run().await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [Some(1)]);
    drop(publisher);
}

/// A client's own `Drop` may use what is current, and so may its `Debug`.
#[test]
fn a_client_may_look_at_what_is_current_when_it_is_dropped() {
    #[derive(Default)]
    struct Looks(OnceLock<Current<Looks>>, Option<mpsc::Sender<bool>>);
    impl Drop for Looks {
        fn drop(&mut self) {
            if let (Some(current), Some(seen)) = (self.0.get(), &self.1) {
                let _ = seen.send(current.get().is_some());
            }
        }
    }
    let (publisher, current) = Current::new();
    let (seen, looked) = mpsc::channel();
    let looks = || {
        let looks = Looks(OnceLock::new(), Some(seen.clone()));
        assert!(looks.0.set(current.clone()).is_ok());
        looks
    };
    let (first, second) = (looks(), looks());
    // On a thread of its own: one that waits for itself fails the test and does not hang it.
    std::thread::spawn(move || {
        let session = Session::detached();
        let older = publisher.publish(&session, first);
        let newer = publisher.publish(&session, second);
        drop(older);
        drop(newer);
    });
    assert_eq!(looked.recv_timeout(secs(30)), Ok(true), "the older one");
    assert_eq!(looked.recv_timeout(secs(30)), Ok(false), "the last one");
}

/// One login after another, each published after a moment.
fn link(
    publisher: Publisher<u64>,
) -> Runner<'static, impl schmoozer_core::Connector<Error = &'static str> + 'static> {
    let link = connector_fn(
        async || Ok::<_, &str>(()),
        move |(), session: Session| {
            let publisher = publisher.clone();
            async move {
                tokio::task::yield_now().await;
                let _live = publisher.publish(&session, session.id());
                Ok(session.stopping().await)
            }
        },
        [ms(1)],
    );
    checked_by(&Checker::within(secs(10)), link.ready_when_marked())
}

/// Make before break: two runners and one `Current`, as the documentation shows it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_hundred_handovers_a_reader_is_never_without_a_client() {
    let (publisher, current) = Current::new();
    let start = || {
        let runner = link(publisher.clone());
        let handle = runner.handle();
        tokio::spawn(runner.run());
        handle
    };
    let mut old = start();
    let mut _stop = old.shutdown_on_drop();
    old.connected_or_fail(3).await.unwrap();

    let (done, finished) = mpsc::channel::<()>();
    let reader = std::thread::spawn(move || {
        let (mut reads, mut clients, mut last) = (0_u64, 0, 0);
        while finished.try_recv() == Err(mpsc::TryRecvError::Empty) {
            let live = current.get().expect("a client at every moment");
            assert_eq!(*live, Live::id(&live));
            reads += 1;
            if *live != last {
                assert!(*live > last, "the newest shows");
                (clients, last) = (clients + 1, *live);
            }
        }
        (reads, clients)
    });
    for _ in 0..100 {
        let new = start();
        let stop = new.shutdown_on_drop();
        let id = new.connected_or_fail(3).await.unwrap();
        old.shutdown();
        old.stopped().await;
        assert!(id > 0);
        (old, _stop) = (new, stop);
        sleep(ms(1)).await;
    }
    drop(done);
    let (reads, clients) = reader.join().unwrap();
    assert!(reads >= 1_000, "{reads}");
    assert!((2..=101).contains(&clients), "{clients}");
}
