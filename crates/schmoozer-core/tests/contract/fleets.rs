//! Many clients of one server: nothing brings them to one moment.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use schmoozer_core::{Connector, End, Failure, Retry, RetryResult, Session, connector_fn};
use tokio::time::{Instant, sleep};

use crate::checked::checked;
use crate::scene::{millis, ms, secs};

type Times = Arc<Mutex<Vec<u64>>>;

/// The most of these times that fall into one stretch of this length.
fn most(times: &[u64], stretch: u64) -> usize {
    let mut counts = BTreeMap::new();
    for at in times {
        *counts.entry(at / stretch).or_insert(0) += 1;
    }
    counts.into_values().max().unwrap_or(0)
}

/// A client that is told by the server to go away, or renews itself, at `at`; when it dials again.
fn client(
    begin: Instant,
    dials: &Times,
    end: fn(Session) -> Option<End>,
) -> impl Connector<Error = &'static str> + 'static {
    let dials = Arc::clone(dials);
    connector_fn(
        move || {
            dials.lock().unwrap().push(millis(begin.elapsed()));
            std::future::ready(Ok::<_, &str>(()))
        },
        move |(), session: Session| async move {
            sleep(secs(3_600)).await;
            match end(session.clone()) {
                Some(end) => Ok(end),
                None => Ok(session.stopping().await),
            }
        },
        [secs(1)],
    )
}

/// Row 55: a thousand renewals of one moment.
#[tokio::test(start_paused = true)]
async fn of_a_thousand_renewals_no_ten_milliseconds_have_more_than_three_percent() {
    let by_handler: fn(Session) -> Option<End> = |_| Some(End::Renew);
    let by_session: fn(Session) -> Option<End> = |session| {
        session.renew();
        None
    };
    for end in [by_handler, by_session] {
        let (begin, dials) = (Instant::now(), Times::default());
        let running: Vec<_> = (0..1_000)
            .map(|nth| {
                let client = client(begin, &dials, end);
                if nth % 2 == 0 {
                    tokio::spawn(schmoozer_core::run(client))
                } else {
                    tokio::spawn(checked(client).run())
                }
            })
            .collect();
        sleep(secs(10)).await;
        dials.lock().unwrap().clear();
        sleep(secs(3_600)).await;
        let times = dials.lock().unwrap().clone();
        running.iter().for_each(tokio::task::JoinHandle::abort);
        assert_eq!(times.len(), 1_000);
        assert!(times.iter().all(|at| (3_600_000..=3_601_001).contains(at)));
        assert!(most(&times, 10) <= 30, "{}", most(&times, 10));
    }
}

/// Row 55: and of a thousand that come of age.
#[tokio::test(start_paused = true)]
async fn a_fleet_of_one_age_is_renewed_over_a_tenth_of_it() {
    let (begin, dials) = (Instant::now(), Times::default());
    let running: Vec<_> = (0..1_000)
        .map(|_| {
            let dials = Arc::clone(&dials);
            let connect = move || {
                dials.lock().unwrap().push(millis(begin.elapsed()));
                std::future::ready(Ok::<_, &str>(()))
            };
            let serve = async |(), session: Session| Ok(session.stopping().await);
            let link = connector_fn(connect, serve, [secs(1)]);
            tokio::spawn(checked(link).max_age(secs(3_600)).run())
        })
        .collect();
    sleep(secs(10)).await;
    dials.lock().unwrap().clear();
    sleep(secs(3_600)).await;
    let times = dials.lock().unwrap().clone();
    running.iter().for_each(tokio::task::JoinHandle::abort);
    assert_eq!(times.len(), 1_000);
    assert!(times.iter().all(|at| (3_240_000..=3_601_001).contains(at)));
    assert!(most(&times, 1_000) <= 30, "{}", most(&times, 1_000));
}

/// Row 57: a thousand clients are asked to come back in 30 s.
#[tokio::test(start_paused = true)]
async fn a_thousand_clients_that_are_asked_to_wait_come_back_over_three_seconds() {
    let (begin, dials) = (Instant::now(), Times::default());
    let running: Vec<_> = (0..1_000)
        .map(|_| {
            let dials = Arc::clone(&dials);
            let connect = move || {
                dials.lock().unwrap().push(millis(begin.elapsed()));
                std::future::ready(Err::<(), _>("come back in 30 s"))
            };
            let link = connector_fn(connect, async |(), _| Ok(End::Exit), [secs(1)])
                .hint(|_| Some(secs(30)));
            tokio::spawn(checked(link).run())
        })
        .collect();
    for client in running {
        assert!(client.await.unwrap().is_err());
    }
    let times: Vec<u64> = dials
        .lock()
        .unwrap()
        .iter()
        .copied()
        .filter(|at| *at > 0)
        .collect();
    assert_eq!(times.len(), 1_000);
    assert!(times.iter().all(|at| (30_000..=33_001).contains(at)));
    assert!(*times.iter().min().unwrap() < 30_100 && *times.iter().max().unwrap() > 32_900);
    assert!(most(&times, 10) <= 30, "{}", most(&times, 10));
}

/// A policy that doubles up to a minute, each delay drawn from zero up, by a generator of its own.
#[derive(Clone)]
struct Jittered(u64);

impl Iterator for Jittered {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        // Source: Marsaglia, Xorshift RNGs; the upper half holds the step.
        let (mut state, step) = (self.0 & 0xffff_ffff_ffff, self.0 >> 48);
        state ^= (state << 13) & 0xffff_ffff_ffff;
        state ^= state >> 7;
        state ^= (state << 17) & 0xffff_ffff_ffff;
        self.0 = ((step + 1).min(7) << 48) | state;
        let most = 60_000.min(1_000 << step);
        Some(ms(state % most))
    }
}

/// Row 58: ten thousand clients that give up.
#[test]
fn a_limit_brings_no_millisecond_more_than_one_percent_of_the_last_attempts() {
    let mut last = Vec::new();
    for seed in 0..10_000_u64 {
        let start = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) & 0xffff_ffff_ffff;
        let mut retry = Retry::new(Jittered(start | 1)).give_up_after(secs(120));
        let mut failure = Failure::new("refused");
        while let RetryResult::After(delay) = retry.on_failure(failure) {
            failure.attempt += 1;
            failure.outage += delay;
        }
        last.push(millis(failure.outage));
    }
    assert!(last.iter().all(|at| *at <= 120_000));
    assert!(most(&last, 1) <= 100, "{}", most(&last, 1));
}
