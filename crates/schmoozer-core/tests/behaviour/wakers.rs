//! Wakers that use the handle of the loop that wakes them.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Wake, Waker};
use std::thread;

use schmoozer_core::{End, Handle, Runner, Session, Status, connector_fn};
use schmoozer_faults::{Checker, Script, Step};
use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::checked::{checked, checked_by, ms, secs};

/// Asks for the status from within the wake-up, as an executor may that runs a task right there.
struct Looks(Handle, Mutex<Vec<Status>>);

impl Wake for Looks {
    fn wake(self: Arc<Self>) {
        let Self(handle, seen) = &*self;
        seen.lock().unwrap().push(handle.status());
    }
}

#[test]
fn a_waker_may_use_the_handle_while_it_is_woken() {
    let (done, result) = mpsc::channel();
    // On a thread of its own, so that a deadlock is a failure and does not hang the test.
    thread::spawn(move || {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let seen = runtime.block_on(async {
            let script = Script::new([Step::fails(secs(1)), Step::hangs()], [ms(100)]);
            let runner = checked(script);
            let handle = runner.handle();
            let mut watch = handle.watch();
            let looks = Arc::new(Looks(handle, Mutex::default()));
            let waker = Waker::from(Arc::clone(&looks));
            let mut changed = pin!(watch.changed());
            let polled = changed.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(polled.is_pending());
            let _ = timeout(ms(1_050), runner.run()).await;
            drop(waker);
            let seen = looks.1.lock().unwrap();
            seen.clone()
        });
        done.send(seen)
    });
    let seen = result.recv_timeout(secs(10)).expect("no deadlock");
    let [
        Status::Waiting {
            attempt: 2, until, ..
        },
    ] = &seen[..]
    else {
        panic!("{seen:?}");
    };
    assert_eq!(*until, None, "the first change is the failure");
}

/// A task that goes with its last waker, and holds a handle of the loop that it ran.
struct Held(Handle);

impl Wake for Held {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.retry_now();
    }
}

#[test]
fn a_loop_that_ended_or_moved_lets_go_of_its_task() {
    let (done, result) = mpsc::channel();
    // On a thread of its own, so that a deadlock is a failure and does not hang the test.
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let _entered = runtime.enter();
        let connector = connector_fn(
            std::future::pending::<Result<(), &str>>,
            async |(), _| Ok(End::Exit),
            [secs(1)],
        );
        let runner = checked_by(&Checker::within(secs(10)), connector);
        let handle = runner.handle();
        let [first, second] = [(); 2].map(|()| Arc::new(Held(handle.clone())));
        let tasks = [&first, &second].map(Arc::downgrade);
        let mut run = Box::pin(runner.run());
        let mut alive = Vec::new();
        // Again on the second: the end of the first has woken it.
        for task in [first, Arc::clone(&second), second] {
            let waker = Waker::from(task);
            let polled = run.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(polled.is_pending());
            drop(waker);
            alive.push(tasks.each_ref().map(|task| task.strong_count() > 0));
        }
        drop(run);
        alive.push(tasks.each_ref().map(|task| task.strong_count() > 0));
        done.send(alive)
    });
    let alive = result.recv_timeout(secs(10)).expect("no deadlock");
    assert_eq!(
        alive,
        [[true, true], [false, true], [false, true], [false, false]]
    );
}

type Loop = Pin<Box<dyn Future<Output = Result<(), &'static str>> + Send>>;

/// Polls its loop at once when it is woken, with the next waker.
struct PollsAtOnce(Arc<Mutex<Loop>>, Waker, AtomicU32);

impl Wake for PollsAtOnce {
    fn wake(self: Arc<Self>) {
        let Self(looping, next, wakes) = &*self;
        wakes.fetch_add(1, Ordering::Relaxed);
        let mut looping = looping.lock().unwrap();
        let polled = looping.as_mut().poll(&mut Context::from_waker(next));
        assert!(polled.is_pending());
    }
}

struct Counts(AtomicU32);

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_is_polled_while_it_is_woken_is_next_woken_by_that_polls_waker() {
    let (give, given) = mpsc::channel();
    let serve = move |(), session: Session| {
        give.send(session).unwrap();
        std::future::pending()
    };
    let connector = connector_fn(async || Ok::<_, &str>(()), serve, [secs(1)]);
    let runner = Runner::new(connector.ready_when_marked());
    let looping: Loop = Box::pin(runner.run());
    let looping = Arc::new(Mutex::new(looping));
    let second = Arc::new(Counts(AtomicU32::new(0)));
    let next = Waker::from(Arc::clone(&second));
    let first = Arc::new(PollsAtOnce(Arc::clone(&looping), next, AtomicU32::new(0)));
    let waker = Waker::from(Arc::clone(&first));
    let polled = looping
        .lock()
        .unwrap()
        .as_mut()
        .poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    let session = given.recv().unwrap();
    let counts = || [&first.2, &second.0].map(|wakes| wakes.load(Ordering::Relaxed));
    session.ready();
    assert_eq!(counts(), [1, 0]);
    session.renew();
    assert_eq!(counts(), [1, 1]);
}
