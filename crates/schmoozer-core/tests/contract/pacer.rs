//! A pacer: never more than rate and burst, in order, and as fast as it says.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use schmoozer_core::{Pacer, Session, connector_fn};
use schmoozer_faults::Checker;
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep, timeout};

use crate::checked::checked_by;
use crate::scene::{millis, ms, secs};

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

/// Row 31: never more attempts than rate x t + burst, in order.
#[tokio::test(start_paused = true)]
async fn no_window_sees_more_than_rate_and_burst_allow() {
    let pacer = Pacer::per_second(100).burst(7).unwrap();
    let admitted = admissions(&pacer, 2_000).await;
    let order: Vec<_> = admitted.iter().map(|(number, _)| *number).collect();
    assert_eq!(order, (0..2_000).collect::<Vec<_>>());
    let times: Vec<_> = admitted.iter().map(|(_, at)| *at).collect();
    for n in [1_u32, 2, 10, 100, 1_500] {
        for window in times.windows(n as usize + 7) {
            assert!(window[n as usize + 6] >= window[0] + ms(10) * n);
        }
    }
    assert_eq!(times[1_999], ms(10) * (2_000 - 7));
}

/// The rates that the documentation promises, with a timer of 1 ms.
#[tokio::test(start_paused = true)]
async fn a_burst_that_covers_two_milliseconds_reaches_the_rate() {
    for (rate, burst) in [(100, 1), (1_000, 3), (5_000, 11), (700, 3)] {
        let pacer = Pacer::per_second(rate).burst(burst).unwrap();
        let count = (rate * 10 + burst) as usize;
        let admitted = admissions(&pacer, count).await;
        let last = millis(admitted[count - 1].1);
        assert!((9_980..=10_002).contains(&last), "{rate} {burst}: {last}");
    }
    // With a burst of 1, one attempt in interval + 1 ms, rounded up, is the least.
    let pacer = Pacer::per_second(1_000).burst(1).unwrap();
    let admitted = admissions(&pacer, 1_001).await;
    let last = millis(admitted[1_000].1);
    assert!((1_000..=2_000).contains(&last), "{last}");
}

/// Row 64: a configuration of zero is an error, that says which.
#[test]
fn zeros_are_refused_with_a_text_that_says_what_is_allowed() {
    let rate = Pacer::per_second(0).burst(1).unwrap_err();
    let interval = Pacer::every(Duration::ZERO, 1).unwrap_err();
    let burst = Pacer::per_second(1).burst(0).unwrap_err();
    let other = Pacer::every(secs(1), 0).unwrap_err();
    for (error, text) in [
        (rate, "rate is 0 attempts a second, and must be at least 1"),
        (interval, "interval is zero, and must be longer"),
        (burst, "burst is 0 attempts, and must be at least 1"),
        (other, "burst is 0 attempts, and must be at least 1"),
    ] {
        assert_eq!(error.to_string(), format!("a pacer's {text}"));
    }
    for (interval, burst) in [
        (Duration::MAX, u32::MAX),
        (Duration::from_nanos(1), u32::MAX),
    ] {
        assert!(Pacer::every(interval, burst).is_ok());
    }
    assert!(Pacer::per_second(u32::MAX).burst(u32::MAX).is_ok());
}

/// Row 64: an interval of a century, and a burst.
#[tokio::test(start_paused = true)]
async fn a_long_interval_lets_its_whole_burst_through_and_no_more() {
    let years = secs(365 * 86_400);
    for (interval, burst) in [(years * 100, 100), (years, 1_000), (Duration::MAX, 3)] {
        let pacer = Pacer::every(interval, burst).unwrap();
        let mut admitted = 0;
        while timeout(secs(1), pacer.admit()).await.is_ok() {
            admitted += 1;
            assert!(admitted <= burst, "more than a burst");
        }
        assert_eq!(admitted, burst, "{interval:?}");
    }
    let pacer = Pacer::every(years, 1_000).unwrap();
    for _ in 0..1_000 {
        pacer.admit().await;
    }
    advance(years.saturating_sub(secs(2))).await;
    assert!(timeout(secs(1), pacer.admit()).await.is_err());
    assert!(timeout(secs(1), pacer.admit()).await.is_ok());
}

/// An attempt counts from when it begins, however late its task is polled.
#[tokio::test(start_paused = true)]
async fn attempts_are_accounted_when_they_begin() {
    let pacer = Pacer::every(secs(1), 1).unwrap();
    pacer.admit().await;
    let mut late = pin!(pacer.admit());
    poll_fn(|cx| {
        assert_eq!(late.as_mut().poll(cx), Poll::Pending);
        Poll::Ready(())
    })
    .await;
    // Due at 1 s, polled at 1.9 s: the next one may come at 2.9 s.
    sleep(ms(1_900)).await;
    late.await;
    let begin = Instant::now();
    pacer.admit().await;
    assert_eq!(begin.elapsed(), secs(1));
}

#[tokio::test(start_paused = true)]
async fn one_that_comes_in_the_moment_of_anothers_turn_does_not_go_first() {
    let pacer = Pacer::every(secs(10), 1).unwrap();
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
async fn a_dropped_waiter_uses_nothing_up() {
    let pacer = Pacer::every(secs(10), 1).unwrap();
    pacer.admit().await;
    let begin = Instant::now();
    timeout(secs(9), pacer.admit()).await.unwrap_err();
    pacer.admit().await;
    assert_eq!(begin.elapsed(), secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_quiet_time_is_worth_one_burst() {
    let pacer = Pacer::per_second(1).burst(3).unwrap();
    sleep(secs(100)).await;
    let admitted = admissions(&pacer, 5).await;
    let times: Vec<_> = admitted.iter().map(|(_, at)| at.as_secs()).collect();
    assert_eq!(times, [0, 0, 0, 1, 2]);
}

/// Row 31: a runner that leaves the line holds none of the others up.
/// A hung attempt is not restarted, and the loop does not spin, while another holds the turn that has come.
#[cfg(feature = "rt")]
#[tokio::test(start_paused = true)]
async fn a_hung_attempt_waits_for_a_turn_that_another_holds() {
    let pacer = Pacer::every(secs(5), 1).unwrap();
    let connector = connector_fn(
        std::future::pending::<Result<(), &str>>,
        async |(), session: Session| Ok(session.stopping().await),
        [secs(1)],
    );
    let checker = Checker::exact().with_requests().held_up();
    let (handle, _task) = checked_by(&checker, connector).pacer(pacer.clone()).spawn();
    sleep(secs(1)).await;
    let mut kept = Box::pin(pacer.admit());
    assert!(timeout(secs(1), kept.as_mut()).await.is_err());
    handle.retry_now();
    // Its turn has come at 5 s, and it does not take it.
    sleep(secs(6)).await;
    assert_eq!(handle.stats().attempts, 1);
    drop(kept);
    sleep(ms(2)).await;
    assert_eq!(handle.stats().attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_ends_while_it_waits_for_its_turn_gives_it_to_the_next() {
    let pacer = Pacer::every(secs(10), 1).unwrap();
    let connected = Arc::<Mutex<Vec<(u32, u64)>>>::default();
    let begin = Instant::now();
    let mut running: Vec<_> = (0..4)
        .map(|number| {
            let connected = Arc::clone(&connected);
            let connect = move || {
                let mut connected = connected.lock().unwrap();
                connected.push((number, begin.elapsed().as_secs()));
                std::future::ready(Ok::<_, &str>(()))
            };
            let serve = async |(), session: Session| Ok(session.stopping().await);
            let runner = checked_by(
                &Checker::exact().held_up(),
                connector_fn(connect, serve, [secs(1)]),
            )
            .pacer(pacer.clone());
            (runner.handle(), tokio::spawn(runner.run()))
        })
        .collect();
    sleep(secs(5)).await;
    let (_, second) = running.remove(1);
    second.abort();
    let (stopped, third) = running.remove(1);
    stopped.shutdown();
    assert_eq!(third.await.unwrap(), Ok(()));
    assert_eq!(begin.elapsed(), secs(5));
    sleep(secs(100)).await;
    assert_eq!(*connected.lock().unwrap(), [(0, 0), (3, 10)]);
}

/// Row 31: the same among threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn threads_that_ask_at_once_are_let_through_no_more_often() {
    for _ in 0..3 {
        let pacer = Pacer::every(secs(3_600), 100).unwrap();
        let mut asking = JoinSet::new();
        for _ in 0..400 {
            let pacer = pacer.clone();
            asking.spawn(async move { timeout(ms(500), pacer.admit()).await.is_ok() });
        }
        let admitted = asking.join_all().await;
        assert_eq!(admitted.iter().filter(|admitted| **admitted).count(), 100);
    }
}
