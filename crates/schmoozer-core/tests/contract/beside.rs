//! Tasks that wait for the end of a connection beside its handler, in the task of the loop and elsewhere.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use schmoozer_core::{End, Runner, Session, connector_fn, run};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use crate::scene::secs;

type Loop = Pin<Box<dyn Future<Output = Result<(), &'static str>> + Send>>;

/// A loop whose first connection ends after `uptime` seconds, and the session of that connection.
fn one_connection(uptime: u64, full: bool) -> (Loop, oneshot::Receiver<Session>) {
    let (give, given) = oneshot::channel();
    let mut give = Some(give);
    let serve = move |(), session: Session| {
        give.take().map(|give| give.send(session));
        async move {
            sleep(secs(uptime)).await;
            Ok(End::Exit)
        }
    };
    let link = connector_fn(async || Ok::<_, &str>(()), serve, [secs(1)]);
    let looping: Loop = if full {
        Box::pin(Runner::new(link).run())
    } else {
        Box::pin(run(link))
    };
    (looping, given)
}

/// The handler does not ask, and the task of the loop does: the end of the connection wakes it.
#[tokio::test(start_paused = true)]
async fn a_wait_beside_the_loop_in_its_task_ends_with_the_connection() {
    for (uptime, full) in [(1, false), (1, true), (3, false), (3, true)] {
        let (looping, given) = one_connection(uptime, full);
        let began = Instant::now();
        let both = async move {
            let waits = async { given.await.unwrap().stopping().await };
            tokio::join!(waits, looping)
        };
        let (end, ended) = timeout(secs(600), tokio::spawn(both))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((end, ended), (End::Exit, Ok(())), "full loop: {full}");
        assert_eq!(began.elapsed(), secs(uptime));
    }
}

/// The loop moves to another task while someone waits in its old one.
#[tokio::test(start_paused = true)]
async fn a_wait_in_the_task_that_the_loop_has_left_is_woken() {
    for full in [false, true] {
        let (mut looping, given) = one_connection(600, full);
        let waits = async move {
            let session = tokio::select! {
                _ = &mut looping => unreachable!("its connection is up for ten minutes"),
                session = given => session.unwrap(),
            };
            let renews = session.clone();
            tokio::spawn(looping);
            tokio::spawn(async move {
                sleep(secs(1)).await;
                renews.renew();
            });
            let began = Instant::now();
            // The limit only wakes the task: it must have been woken before.
            let end = timeout(secs(8), session.stopping()).await;
            (end, began.elapsed())
        };
        let (end, waited) = tokio::spawn(waits).await.unwrap();
        assert_eq!((end, waited), (Ok(End::Renew), secs(1)));
    }
}

/// One loop's handler waits for the connection of another loop, in the same task.
#[tokio::test(start_paused = true)]
async fn a_handler_hears_of_the_end_of_another_loops_connection() {
    for full in [false, true] {
        let (other, given) = one_connection(5, full);
        let began = Instant::now();
        let heard = Arc::new(Mutex::new(None));
        let (mut given, hear) = (Some(given), Arc::clone(&heard));
        let serve = move |(), _: Session| {
            let (given, hear) = (given.take(), Arc::clone(&hear));
            async move {
                let end = given.unwrap().await.unwrap().stopping().await;
                *hear.lock().unwrap() = Some((end, began.elapsed()));
                Ok::<_, &'static str>(End::Exit)
            }
        };
        let bridge: Loop = Box::pin(run(connector_fn(async || Ok(()), serve, [secs(1)])));
        let both = async move { tokio::join!(bridge, other) };
        let ended = timeout(secs(600), tokio::spawn(both)).await;
        assert_eq!(ended.unwrap().unwrap(), (Ok(()), Ok(())));
        assert_eq!(*heard.lock().unwrap(), Some((End::Exit, secs(5))));
    }
}

/// Counts the wakes of one task, by wakers that `will_wake` does not know as the same: it may err in that way.
struct Wakes(Arc<AtomicU32>);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The loop has nothing to do, and is polled with another waker each time.
#[tokio::test(start_paused = true)]
async fn a_loop_that_meets_a_new_waker_at_each_poll_comes_to_rest() {
    for full in [true, false] {
        let serve = async |(), session: Session| Ok(session.stopping().await);
        let link = connector_fn(async || Ok::<_, &str>(()), serve, [secs(1)]);
        let mut looping: Loop = if full {
            Box::pin(Runner::new(link).run())
        } else {
            Box::pin(run(link))
        };
        // Once more than it asks for, as when the peer has sent something.
        let (wakes, mut polls) = (Arc::new(AtomicU32::new(2)), 0);
        while polls < wakes.load(Ordering::Relaxed) && polls < 100 {
            polls += 1;
            let fresh = Waker::from(Arc::new(Wakes(Arc::clone(&wakes))));
            let polled = looping.as_mut().poll(&mut Context::from_waker(&fresh));
            assert!(polled.is_pending());
        }
        assert!(polls < 10, "full: {full}, {polls} polls");
    }
}
