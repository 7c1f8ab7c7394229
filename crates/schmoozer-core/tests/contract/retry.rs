//! `retry`, and the decision that it shares with connectors.

use std::future::{IntoFuture as _, pending, poll_fn, ready};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use schmoozer_core::{Failure, Retry, RetryResult, retry};
use tokio::time::{Instant, sleep, timeout};

use crate::scene::{ms, secs};

/// As short as can be: a policy, and an operation that borrows.
#[tokio::test(start_paused = true)]
async fn an_operation_is_tried_until_it_succeeds() {
    let begin = Instant::now();
    let (client, mut calls) = (String::from("client"), 0);
    let length = retry([1, 2, 4].map(secs), || {
        calls += 1;
        let (client, calls) = (&client, calls);
        async move {
            if calls < 3 {
                Err("busy")
            } else {
                Ok(client.len())
            }
        }
    })
    .await;
    assert_eq!((length, calls, begin.elapsed()), (Ok(6), 3, secs(3)));
}

#[tokio::test(start_paused = true)]
async fn the_last_error_comes_back_when_the_policy_has_ended() {
    let mut calls = 0;
    let ended: Result<(), String> = retry([secs(1); 2], || {
        calls += 1;
        ready(Err(format!("failure {calls}")))
    })
    .await;
    assert_eq!(ended, Err("failure 3".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_error_that_is_refused_comes_back_at_once() {
    let begin = Instant::now();
    let mut told = Vec::new();
    let errors = Mutex::new(vec!["fatal", "busy", "busy"]);
    let ended: Result<(), &str> = retry([secs(1); 9], || {
        ready(Err(errors.lock().unwrap().pop().unwrap()))
    })
    .when(|error| *error == "busy")
    .on_failure(|error, delay| told.push((error.to_owned(), delay)))
    .await;
    assert_eq!((ended, begin.elapsed()), (Err("fatal"), secs(2)));
    // Only those after which another attempt follows.
    assert_eq!(told, [("busy", secs(1)), ("busy", secs(1))]);
}

#[tokio::test(start_paused = true)]
async fn it_takes_a_retry_with_all_its_settings() {
    let begin = Instant::now();
    let policy = Retry::new([1, 2, 4, 8].map(secs)).give_up_after(secs(6));
    let ended: Result<(), &str> = retry(policy, || ready(Err("busy"))).await;
    assert_eq!((ended, begin.elapsed()), (Err("busy"), secs(3)));

    let begin = Instant::now();
    let mut calls = Vec::new();
    let ended: Result<(), &str> = retry(Retry::new([secs(2); 2]).from_start(), || {
        calls.push(begin.elapsed());
        async {
            sleep(ms(1_500)).await;
            Err("busy")
        }
    })
    .await;
    assert_eq!(
        (ended, calls),
        (Err("busy"), vec![secs(0), secs(2), secs(4)])
    );
}

#[tokio::test(start_paused = true)]
async fn it_is_dropped_in_an_attempt_and_in_a_wait() {
    let tries = Arc::new(());
    let hang = retry([secs(1)], || {
        let counted = Arc::clone(&tries);
        async move {
            pending::<()>().await;
            drop(counted);
            Ok::<(), &str>(())
        }
    });
    assert!(timeout(secs(5), hang).await.is_err());
    assert_eq!(Arc::strong_count(&tries), 1);
    let waits = retry([secs(60)], || ready(Err::<(), _>("busy")));
    assert!(timeout(secs(5), waits).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn it_is_send_and_yields_where_there_is_nothing_to_wait_for() {
    let ticks = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&ticks);
    let ticking = tokio::spawn(async move {
        loop {
            *counted.lock().unwrap() += 1;
            // Not tokio's own, which also waits for the drivers.
            let mut yielded = false;
            poll_fn(|cx| {
                cx.waker().wake_by_ref();
                if std::mem::replace(&mut yielded, true) {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
        }
    });
    let policy = vec![Duration::ZERO; 1_000];
    let trying = retry(policy, || ready(Err::<(), _>("busy"))).into_future();
    assert_eq!(tokio::spawn(trying).await.unwrap(), Err("busy"));
    assert!(*ticks.lock().unwrap() >= 1_000);
    ticking.abort();
}

fn failure(attempt: u32, outage: Duration) -> Failure<&'static str> {
    let mut failure = Failure::new("busy");
    failure.attempt = attempt;
    failure.outage = outage;
    failure
}

#[test]
fn each_outage_draws_from_the_beginning() {
    let mut decides = Retry::new([1, 2].map(secs));
    assert_eq!(
        decides.on_failure(failure(1, secs(0))),
        RetryResult::After(secs(1))
    );
    assert_eq!(
        decides.on_failure(failure(2, secs(1))),
        RetryResult::After(secs(2))
    );
    assert_eq!(
        decides.on_failure(failure(3, secs(3))),
        RetryResult::GiveUp("busy")
    );
    assert_eq!(
        decides.on_failure(failure(1, secs(0))),
        RetryResult::After(secs(1))
    );
}

/// Row 58: a limit cuts no delay, so it brings no clients to one moment.
#[test]
fn a_delay_or_a_hint_that_does_not_fit_ends_the_retries() {
    let mut decides = Retry::new(vec![secs(8); 9]).give_up_after(secs(20));
    assert_eq!(
        decides.on_failure(failure(1, secs(12))),
        RetryResult::After(secs(8))
    );
    assert_eq!(
        decides.on_failure(failure(2, ms(12_001))),
        RetryResult::GiveUp("busy")
    );
    let asked = decides.on_failure_asked(failure(3, secs(0)), Some(secs(21)));
    assert_eq!(asked, RetryResult::GiveUp("busy"));
    assert!(matches!(
        decides.on_failure_asked(failure(4, secs(0)), Some(secs(5))),
        RetryResult::After(_)
    ));
}

#[test]
fn a_hint_uses_up_a_retry_and_is_not_counted_from_the_start() {
    let mut decides = Retry::new([secs(1); 2]).from_start();
    let mut slow = failure(1, secs(0));
    slow.elapsed = secs(60);
    assert_eq!(decides.on_failure(slow), RetryResult::After(secs(0)));
    slow.attempt = 2;
    let RetryResult::After(asked) = decides.on_failure_asked(slow, Some(secs(10))) else {
        panic!("one retry was left");
    };
    assert!((secs(10)..=secs(11)).contains(&asked));
    slow.attempt = 3;
    assert_eq!(
        decides.on_failure_asked(slow, Some(secs(10))),
        RetryResult::GiveUp("busy")
    );
}

#[test]
fn a_hint_is_capped_at_five_minutes_by_default() {
    let mut decides = Retry::new([secs(1)]);
    let RetryResult::After(asked) =
        decides.on_failure_asked(failure(1, secs(0)), Some(Duration::MAX))
    else {
        panic!("one retry was left");
    };
    assert!((secs(300)..=secs(330)).contains(&asked), "{asked:?}");
}
