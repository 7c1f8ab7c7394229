//! Neither an attempt nor a delay allocates, and what a handle keeps of the attempts does not grow.

use std::future::{Future as _, pending, poll_fn, ready};
use std::iter;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use allocation_counter::measure;
use bench::{DELAYS, LOOPS, Loop, Operation, attempts_left};
use schmoozer_core::{End, Lifecycle, Runner, Session, connector_fn, run};
use tokio::runtime::{Builder, Runtime};

/// Our own loops and delays, not the peers'.
fn is_ours(name: &str) -> bool {
    name.starts_with("schmoozer-")
}

fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().build().expect("a runtime")
}

/// What the loop allocates for so many attempts, setting up and ending included.
fn allocated(candidate: &Loop, operation: Operation, attempts: u64) -> u64 {
    let future = candidate.start(operation, attempts);
    let runtime = runtime();
    let allocated = measure(|| candidate.drive(&runtime, future));
    assert_eq!(attempts_left(), 0, "{}", candidate.name);
    allocated.count_total
}

#[test]
fn an_attempt_allocates_nothing() {
    let ours: Vec<_> = LOOPS.iter().filter(|one| is_ours(one.name)).collect();
    assert_eq!(ours.len(), 8);
    for candidate in ours {
        for operation in [Operation::Ready, Operation::Suspends] {
            let [few, many] =
                [1_000, 3_000].map(|attempts| allocated(candidate, operation, attempts));
            // A handle may be asked for the text of each cause: it has one, and the record of the outage another.
            let texts = u64::from(candidate.name.ends_with("handle")) * 2;
            assert!(many - few <= texts * 2_000, "{}", candidate.name);
            // The session is one for a whole loop. The full loop and the pacer have more on the heap.
            match candidate.name {
                "schmoozer-core run" | "schmoozer-core run, Retry" => assert!(few <= 1),
                "schmoozer-core retry" => assert_eq!(few, 0),
                _ => {}
            }
        }
    }
}

const LIFE: Lifecycle = Lifecycle::new().min_interval(Duration::ZERO);

/// What a loop allocates for so many connections whose handlers are ready and ask whether they must end.
fn allocated_by_handlers(connections: u32) -> u64 {
    let left = AtomicU32::new(connections);
    let connector = connector_fn(
        || ready(Ok(())),
        |(), session: Session| {
            let left = &left;
            async move {
                session.ready();
                let mut stopping = pin!(session.stopping());
                poll_fn(|cx| Poll::Ready(stopping.as_mut().poll(cx).is_pending())).await;
                match left.fetch_sub(1, Relaxed) {
                    1 => Ok(End::Exit),
                    _ => Err("lost"),
                }
            }
        },
        iter::repeat(Duration::ZERO),
    )
    .lifecycle(LIFE.ready_when_marked());
    let runtime = runtime();
    let allocated = measure(|| assert_eq!(runtime.block_on(run(connector)), Ok(())));
    assert_eq!(left.into_inner(), 0);
    allocated.count_total
}

#[test]
fn a_handler_waits_for_its_end_without_memory_of_its_own() {
    for connections in [1, 1_000] {
        assert!(
            allocated_by_handlers(connections) <= 1,
            "more than its session"
        );
    }
}

#[test]
fn a_delay_allocates_nothing() {
    let ours: Vec<_> = DELAYS.iter().filter(|one| is_ours(one.name)).collect();
    assert_eq!(ours.len(), 3);
    for source in ours {
        let allocated = measure(|| source.draw(1_000));
        assert_eq!(allocated.count_total, 0, "{}", source.name);
    }
}

/// The bytes on the heap after so many attempts, beyond those before the first, with a handle and a watch that
/// no one reads. The server refuses each of them, or accepts it and closes.
fn live_bytes_after(attempts: u32, accepts: bool) -> i64 {
    let made = AtomicU32::new(0);
    let cause = || format!("no answer to attempt {:06}", made.load(Relaxed));
    let connector = connector_fn(
        || {
            let answer = match made.fetch_add(1, Relaxed) {
                before if before == attempts => None,
                _ if accepts => Some(Ok(())),
                _ => Some(Err(cause())),
            };
            async move {
                match answer {
                    Some(answer) => answer,
                    None => pending().await,
                }
            }
        },
        |(), _| ready(Err::<End, _>(cause())),
        iter::repeat(Duration::ZERO),
    )
    .lifecycle(Lifecycle::new().min_interval(Duration::ZERO));
    let runner = Runner::new(connector);
    let handle = runner.handle();
    let watch = handle.watch();
    let runtime = runtime();
    let _entered = runtime.enter();
    let mut run = pin!(runner.run());
    let measured = measure(|| {
        while made.load(Relaxed) <= attempts {
            let polled = run.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
        }
    });
    assert_eq!(handle.stats().failures, u64::from(attempts));
    assert_eq!(handle.stats().outages, 1);
    assert_eq!(watch.has_changed().ok(), Some(true));
    measured.bytes_current
}

/// Rows 20, 28: memory stays flat while the server flaps and a watch is never read.
#[test]
fn an_outage_holds_no_more_memory_the_longer_it_lasts() {
    for accepts in [false, true] {
        let few = live_bytes_after(1_000, accepts);
        assert!(few > 0, "the texts of the causes");
        assert_eq!(live_bytes_after(3_000, accepts), few, "accepts: {accepts}");
    }
}
