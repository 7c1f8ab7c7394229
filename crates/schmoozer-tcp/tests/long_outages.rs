//! Policies of `schmoozer-backoff` in the loop of `schmoozer-core`, over outages that last, in paused time.

use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use schmoozer_backoff::Exponential;
use schmoozer_core::{End, Event, Outage, Retry, connector_fn};
use schmoozer_faults::Checker;
use tokio::time::{Instant, sleep, timeout};

const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The moments at which each of these delays ends, one after the other. Tokio's timer goes by whole
/// milliseconds: what is left of one is waited for too.
fn moments(delays: impl IntoIterator<Item = Duration>) -> impl Iterator<Item = Duration> {
    delays.into_iter().scan(Duration::ZERO, |at, delay| {
        let millis = delay.as_nanos().div_ceil(1_000_000);
        *at += Duration::from_millis(u64::try_from(millis).unwrap());
        Some(*at)
    })
}

/// Row gRPC: a server that closes each connection, on the loop in paused time.
///
/// gRPC's connection back-off interop test: for 540 s a server closes every connection, and looks at the
/// intervals between them.
#[tokio::test(start_paused = true)]
async fn a_server_that_closes_each_connection_sees_the_intervals_of_grpc_for_540_seconds() {
    const LENGTH: Duration = Duration::from_secs(540);
    const CAP: Duration = Duration::from_secs(120);

    for seed in 0..100 {
        let policy = Exponential::grpc().seeded(seed);
        let begin = Instant::now();
        let mut connects = Vec::new();
        let connector = connector_fn(
            || {
                connects.push(begin.elapsed());
                async {
                    sleep(Duration::from_millis(300)).await;
                    Ok(())
                }
            },
            |(), _| ready(Err::<End, _>("closed")),
            // The time that it takes to connect is part of the interval.
            Retry::new(policy).from_start(),
        );
        timeout(LENGTH, Checker::exact().runner(connector).run())
            .await
            .unwrap_err();

        let expected: Vec<_> = std::iter::once(Duration::ZERO)
            .chain(moments(policy).take_while(|at| *at < LENGTH))
            .collect();
        assert_eq!(connects, expected, "seed {seed}");
        assert!(connects.len() >= 12, "seed {seed}");
        let mut base = Duration::from_secs(1);
        for pair in connects.windows(2) {
            let (interval, rounded) = (pair[1].abs_diff(pair[0]), Duration::from_millis(1));
            assert!(interval >= base.mul_f64(0.8), "seed {seed}: {interval:?}");
            assert!(
                interval <= base.mul_f64(1.2) + rounded && interval <= CAP,
                "seed {seed}: {interval:?}"
            );
            base = base.mul_f64(1.6).min(CAP);
        }
    }
}

/// Row 21: an outage of a week, with a policy that grows.
#[tokio::test(start_paused = true)]
async fn an_outage_of_a_week_keeps_to_a_growing_policy_to_its_last_delay() {
    let policy = Exponential::default().seeded(20);
    let floor = Duration::from_millis(10);
    let begin = Instant::now();
    let mut attempts = Vec::new();
    let recovered = Arc::<Mutex<Vec<Outage>>>::default();
    let connector = connector_fn(
        || {
            attempts.push(begin.elapsed());
            let up = begin.elapsed() >= WEEK;
            ready(if up { Ok(()) } else { Err("refused") })
        },
        async |(), _| {
            sleep(Duration::from_secs(11)).await;
            Ok(End::Exit)
        },
        policy,
    );
    let longest = Arc::<Mutex<Duration>>::default();
    let runner = Checker::exact().runner(connector).observer({
        let (recovered, longest) = (Arc::clone(&recovered), Arc::clone(&longest));
        move |event: &Event<'_>| match event {
            Event::Stable {
                outage: Some(outage),
                ..
            } => recovered.lock().unwrap().push((*outage).clone()),
            Event::Waiting { delay, .. } => {
                let mut longest = longest.lock().unwrap();
                *longest = (*longest).max(*delay);
            }
            _ => {}
        }
    });
    let handle = runner.handle();
    assert_eq!(runner.run().await, Ok(()));

    let floored = policy.into_iter().map(|delay| delay.max(floor));
    let mut expected = vec![Duration::ZERO];
    expected.extend(moments(floored).take(attempts.len() - 1));
    let strays = attempts
        .iter()
        .zip(&expected)
        .position(|(seen, due)| seen != due);
    assert_eq!(strays, None, "the first attempt that is out of time");
    assert!(*longest.lock().unwrap() <= Duration::from_secs(1));

    let count = u64::try_from(attempts.len()).unwrap();
    assert!(count > 1_000_000, "a second at most from one to the next");
    let stats = handle.stats();
    assert_eq!((stats.attempts, stats.failures), (count, count - 1));
    assert_eq!((stats.connections, stats.outages), (1, 1));
    assert_eq!(stats.outage_since, None);

    let recovered = recovered.lock().unwrap();
    let [outage] = &recovered[..] else {
        panic!("one outage: {recovered:?}");
    };
    assert_eq!((u64::from(outage.attempts), outage.since), (count, begin));
    assert_eq!(Some(&outage.length), attempts.last());
    assert!(outage.length <= WEEK + Duration::from_secs(1));
}
