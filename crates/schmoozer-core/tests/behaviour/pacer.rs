use std::future::{Future as _, pending, poll_fn, ready};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use schmoozer_core::{Pacer, connector_fn};
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, timeout};

use crate::script::{checked, ms, secs};

/// When each of `count` waiters, asking in this order, was let through.
async fn admissions(pacer: &Pacer, count: usize) -> Vec<(usize, Duration)> {
    let begin = Instant::now();
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiters = JoinSet::new();
    for number in 0..count {
        let (pacer, order) = (pacer.clone(), Arc::clone(&order));
        waiters.spawn(async move {
            pacer.admit().await;
            order.lock().unwrap().push((number, begin.elapsed()));
        });
    }
    waiters.join_all().await;
    Arc::into_inner(order).unwrap().into_inner().unwrap()
}

/// Row 31: never more attempts than rate + burst.
#[tokio::test(start_paused = true)]
async fn no_window_sees_more_than_rate_and_burst_allow() {
    let admitted = admissions(&Pacer::new(100, 7), 10_000).await;
    let times: Vec<_> = admitted.iter().map(|(_, at)| *at).collect();
    // Any n + 7 attempts in a row take at least n intervals of 10 ms.
    for n in [1, 2, 10, 100, 5_000] {
        for window in times.windows(n + 7) {
            let intervals = ms(10) * u32::try_from(n).unwrap();
            assert!(window[n + 6] >= window[0] + intervals);
        }
    }
    assert_eq!(times[9_999], ms(10) * (10_000 - 7));
}

#[tokio::test(start_paused = true)]
async fn who_asks_first_goes_first() {
    let admitted = admissions(&Pacer::new(10, 1), 50).await;
    let order: Vec<_> = admitted.iter().map(|(number, _)| *number).collect();
    assert_eq!(order, (0..50).collect::<Vec<_>>());
}

/// Row 31: the same among threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_that_ask_at_once_are_let_through_no_more_often() {
    for _ in 0..20 {
        let pacer = Pacer::every(secs(3_600), 100);
        let mut asking = JoinSet::new();
        for _ in 0..400 {
            let pacer = pacer.clone();
            asking.spawn(async move { timeout(ms(20), pacer.admit()).await.is_ok() });
        }
        let admitted = asking.join_all().await;
        assert_eq!(
            admitted
                .into_iter()
                .filter(|let_through| *let_through)
                .count(),
            100
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_waiter_uses_nothing_up() {
    let pacer = Pacer::every(secs(10), 1);
    pacer.admit().await;
    let begin = Instant::now();
    timeout(secs(9), pacer.admit()).await.unwrap_err();
    pacer.admit().await;
    assert_eq!(begin.elapsed(), secs(10));
}

/// Row 31: a runner that leaves the line holds nobody up.
#[tokio::test(start_paused = true)]
async fn a_runner_dropped_while_it_waits_for_its_turn_gives_it_to_the_next() {
    let pacer = Pacer::every(secs(10), 1);
    let connected = Arc::<Mutex<Vec<(u32, u64)>>>::default();
    let begin = Instant::now();
    let mut running: Vec<_> = (0..4)
        .map(|number| {
            let connected = Arc::clone(&connected);
            let connect = move || {
                let mut connected = connected.lock().unwrap();
                connected.push((number, begin.elapsed().as_secs()));
                ready(Ok::<_, &str>(()))
            };
            let connector = connector_fn(connect, |()| pending(), [secs(1)]);
            let runner = checked(connector).pacer(pacer.clone());
            let handle = runner.handle();
            (handle, tokio::spawn(runner.run()))
        })
        .collect();
    timeout(secs(5), pending::<()>()).await.unwrap_err();
    // The second is next, and the third in line behind it. Of these one is dropped, and one told to stop.
    let (_, second) = running.remove(1);
    second.abort();
    let (stopped, third) = running.remove(1);
    stopped.shutdown();
    assert_eq!(third.await.unwrap(), Ok(()));
    assert_eq!(begin.elapsed(), secs(5));
    timeout(secs(100), pending::<()>()).await.unwrap_err();
    assert_eq!(*connected.lock().unwrap(), [(0, 0), (3, 10)]);
}

#[tokio::test(start_paused = true)]
async fn who_comes_in_the_moment_of_anothers_turn_does_not_go_first() {
    let pacer = Pacer::every(secs(10), 1);
    pacer.admit().await;
    let mut first = pin!(pacer.admit());
    let mut second = pin!(pacer.admit());
    poll_fn(|cx| {
        assert_eq!(first.as_mut().poll(cx), Poll::Pending);
        Poll::Ready(())
    })
    .await;
    advance(secs(10)).await;
    poll_fn(|cx| {
        assert_eq!(second.as_mut().poll(cx), Poll::Pending);
        assert_eq!(first.as_mut().poll(cx), Poll::Ready(()));
        Poll::Ready(())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_interval_of_more_than_a_century_counts_as_one() {
    for years in [150, 1_000] {
        let pacer = Pacer::every(secs(years * 365 * 86_400), 1);
        pacer.admit().await;
        let begin = Instant::now();
        pacer.admit().await;
        assert_eq!(begin.elapsed(), secs(100 * 365 * 86_400));
    }
}

#[tokio::test(start_paused = true)]
async fn a_quiet_time_is_worth_one_burst() {
    let pacer = Pacer::new(1, 3);
    tokio::time::sleep(secs(100)).await;
    let admitted = admissions(&pacer, 5).await;
    let times: Vec<_> = admitted.iter().map(|(_, at)| at.as_secs()).collect();
    assert_eq!(times, [0, 0, 0, 1, 2]);
}

#[test]
#[should_panic(expected = "at least one attempt")]
fn a_pacer_that_lets_nothing_through_is_refused() {
    let _ = Pacer::new(1, 0);
}

/// Row 31: the same with a burst without end.
#[tokio::test(start_paused = true)]
async fn a_burst_that_is_longer_than_the_clock_is_bounded_too() {
    let pacer = Pacer::every(secs(365 * 86_400), 1_000);
    let mut admitted = 0;
    while timeout(secs(1), pacer.admit()).await.is_ok() {
        admitted += 1;
        assert!(admitted <= 1_000, "more than a burst");
    }
    // As many years as fit in 64 bits of nanoseconds.
    assert_eq!(admitted, 584);
}
