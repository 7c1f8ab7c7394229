//! Real threads and the real clock: nothing is lost, and nothing counts twice.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use schmoozer_core::{End, Event, Handle, Lifecycle, Runner, Session, Status, connector_fn};
use tokio::time::{Instant, sleep, timeout};

const LIFE: Lifecycle = Lifecycle::new()
    .ready_when_marked()
    .stable_after(Duration::from_secs(3_600))
    .min_interval(Duration::ZERO);

/// Row 60: over thousands of connections, marks from another thread count for their own connection, and each does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_from_another_thread_counts_for_its_own_connection_and_is_never_lost() {
    const ROUNDS: u64 = 3_000;
    let marked = Arc::new(Mutex::new(Vec::<u64>::new()));
    let late = Arc::new(Mutex::new(None::<Session>));
    let stop = Arc::new(AtomicBool::new(false));
    // Marks the session of whatever connection was given up before, all the time.
    let thread = std::thread::spawn({
        let (late, stop) = (Arc::clone(&late), Arc::clone(&stop));
        move || {
            while !stop.load(Ordering::Relaxed) {
                if let Some(session) = &*late.lock().unwrap() {
                    session.ready();
                    session.renew();
                }
            }
        }
    });
    let connections = AtomicU64::new(0);
    let expected = Arc::clone(&marked);
    let keep = Arc::clone(&late);
    let link = connector_fn(
        move || {
            let nth = connections.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Ok::<_, &str>(nth))
        },
        move |nth, session: Session| {
            let (expected, keep) = (Arc::clone(&expected), Arc::clone(&keep));
            async move {
                if nth == ROUNDS {
                    return Ok(End::Exit);
                }
                if nth % 2 == 0 {
                    // Marked by another thread, and lost right after.
                    expected.lock().unwrap().push(session.id());
                    let other = session.clone();
                    tokio::task::spawn_blocking(move || other.ready())
                        .await
                        .unwrap();
                } else {
                    *keep.lock().unwrap() = None;
                }
                Err("lost")
            }
        },
        vec![Duration::ZERO; 2 * 3_000],
    )
    .lifecycle(LIFE);
    let told = Arc::new(Mutex::new((Vec::new(), 0_u32)));
    let seen = Arc::clone(&told);
    let leave = Arc::clone(&late);
    let runner = Runner::new(link).on_event(move |event| match *event {
        Event::Ready { id } => seen.lock().unwrap().0.push(id),
        Event::Ending {
            end: End::Renew, ..
        } => seen.lock().unwrap().1 += 1,
        Event::Failed { .. } => drop(leave.lock().unwrap().take()),
        _ => {}
    });
    runner.run().await.unwrap();
    stop.store(true, Ordering::Relaxed);
    thread.join().unwrap();
    let told = told.lock().unwrap();
    assert_eq!(told.0, *marked.lock().unwrap());
    assert_eq!(told.0.len() as u64, ROUNDS / 2);
    assert_eq!(told.1, 0);
}

/// Row 60: late marks in a storm: sessions of connections that are gone, from another thread.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn marks_and_renewals_of_connections_that_are_gone_count_for_none() {
    const ROUNDS: u64 = 3_000;
    let (give, given) = std::sync::mpsc::channel::<Session>();
    let marker = std::thread::spawn(move || {
        let mut marks = 0_u64;
        while let Ok(session) = given.recv() {
            session.ready();
            session.renew();
            marks += 1;
        }
        marks
    });
    let mut connections = 0;
    let mut previous = None::<Session>;
    let link = connector_fn(
        move || {
            connections += 1;
            std::future::ready(Ok::<_, &str>(connections))
        },
        move |nth, session: Session| {
            if let Some(old) = previous.replace(session) {
                // Its connection has ended, before this one began.
                let _ = give.send(old);
            }
            async move {
                tokio::task::yield_now().await;
                if nth > ROUNDS {
                    Ok(End::Exit)
                } else {
                    Err("lost")
                }
            }
        },
        vec![Duration::ZERO; 4_000],
    )
    .lifecycle(LIFE);
    let told = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&told);
    let runner = Runner::new(link).on_event(move |event| {
        if matches!(
            event,
            Event::Ready { .. }
                | Event::Ending {
                    end: End::Renew,
                    ..
                }
        ) {
            seen.fetch_add(1, Ordering::Relaxed);
        }
    });
    let handle = runner.handle();
    runner.run().await.unwrap();
    assert_eq!(marker.join().unwrap(), ROUNDS);
    assert_eq!(told.load(Ordering::Relaxed), 0);
    assert_eq!(handle.stats().connections, ROUNDS + 1);
}

/// Row 52: two threads: one sees `Waiting` and asks. Every request is followed by an attempt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_follows_the_status_from_another_thread_is_never_ignored() {
    let attempts = Arc::new(AtomicU64::new(0));
    // Each request is one of a loop of its own: requests start one attempt a second.
    for _ in 0..500 {
        let counted = Arc::clone(&attempts);
        let before = attempts.load(Ordering::SeqCst);
        let link = connector_fn(
            move || {
                counted.fetch_add(1, Ordering::SeqCst);
                std::future::ready(Err::<(), _>("refused"))
            },
            async |(), _: Session| Ok(End::Exit),
            vec![Duration::from_secs(3_600); 9],
        )
        .lifecycle(Lifecycle::new().min_interval(Duration::ZERO));
        let runner = Runner::new(link);
        let handle = runner.handle();
        let mut watch = handle.watch();
        let task = tokio::spawn(runner.run());
        watch
            .wait_for(|status| matches!(status, Status::Waiting { .. }))
            .await
            .unwrap();
        handle.retry_now();
        let again = async {
            while attempts.load(Ordering::SeqCst) < before + 2 {
                tokio::task::yield_now().await;
            }
        };
        timeout(Duration::from_secs(10), again)
            .await
            .expect("the request was ignored");
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
}

struct Counted(Arc<AtomicU64>);
impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Rows 25, 51: requests from many threads, for a while: one connection at a time, all of it counted, and it ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_requests_from_many_threads_leaves_everything_consistent() {
    let live = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&live);
    let link = connector_fn(
        move || {
            assert_eq!(counted.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
            std::future::ready(Ok::<_, &str>(Counted(Arc::clone(&counted))))
        },
        async |_counted, session: Session| Ok(session.stopping().await),
        vec![Duration::from_millis(1); 10_000],
    );
    let events = Arc::new(Mutex::new((0_u64, 0_u64, 0_u64)));
    let seen = Arc::clone(&events);
    let runner = Runner::new(link).on_event(move |event| {
        let mut seen = seen.lock().unwrap();
        match event {
            Event::Connecting { .. } => seen.0 += 1,
            Event::Connected { .. } => seen.1 += 1,
            Event::Failed { .. } => seen.2 += 1,
            _ => {}
        }
    });
    let handle = runner.handle();
    let begin = Instant::now();
    let task = tokio::spawn(runner.run());
    let threads: Vec<_> = (0..4_u32)
        .map(|nth| {
            let handle: Handle = handle.clone();
            std::thread::spawn(move || {
                for round in 0..20_000_u32 {
                    match (nth + round) % 5 {
                        0 => handle.retry_now(),
                        1 => handle.reconnect(),
                        2 => handle.renew(),
                        3 => handle.reconnect_if(u64::from(round)),
                        _ => drop(handle.status()),
                    }
                    if round % 100 == 0 {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let id = timeout(Duration::from_secs(10), handle.connected())
        .await
        .unwrap()
        .unwrap();
    sleep(Duration::from_millis(10)).await;
    handle.shutdown();
    timeout(Duration::from_secs(10), task)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    let (attempts, connections, failures) = *events.lock().unwrap();
    let stats = handle.stats();
    assert_eq!(
        (stats.attempts, stats.connections, stats.failures),
        (attempts, connections, failures)
    );
    assert_eq!((failures, live.load(Ordering::SeqCst)), (0, 0));
    assert!(id > 0);
    let most = begin.elapsed().as_secs() + 2;
    assert!((2..=most).contains(&attempts), "{attempts} of {most}");
}
