//! `retry`, a plain operation tried again: when it gives up, and when it is dropped.

use std::sync::Arc;
use std::time::Duration;

use schmoozer_core::{Retry, retry};
use tokio::time::{Instant, sleep, timeout};

use crate::checked::{ms, secs};
use crate::polls::polled;

/// An operation that fails so many times, each after this time; and when it was begun.
struct Operation {
    failures: usize,
    takes: Duration,
    begin: Instant,
    attempts: Vec<Duration>,
}

impl Operation {
    fn fails(failures: usize, takes: Duration) -> Self {
        Self {
            failures,
            takes,
            begin: Instant::now(),
            attempts: Vec::new(),
        }
    }

    fn attempt(&mut self) -> impl Future<Output = Result<&'static str, &'static str>> + use<> {
        self.attempts.push(self.begin.elapsed());
        let fails = self.attempts.len() <= self.failures;
        let takes = self.takes;
        async move {
            sleep(takes).await;
            if fails { Err("refused") } else { Ok("done") }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn giving_up_counts_from_the_first_failure() {
    let mut operation = Operation::fails(9, secs(1));
    let policy = Retry::new([secs(4); 9]).give_up_after(secs(14));
    let result = retry(policy, || operation.attempt()).await;
    assert_eq!(result, Err("refused"));
    // Failures at 1, 6 and 11 s: an attempt at 15 s is allowed, one at 20 s is not.
    assert_eq!(operation.attempts, [0, 5, 10, 15].map(secs));
}

#[tokio::test(start_paused = true)]
async fn delays_from_the_start_leave_out_the_time_that_an_attempt_took() {
    let mut operation = Operation::fails(2, secs(2));
    let policy = Retry::new([secs(5), secs(1)]).from_start();
    assert_eq!(retry(policy, || operation.attempt()).await, Ok("done"));
    assert_eq!(operation.attempts, [0, 5, 7].map(secs));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_retry_can_be_called_again() {
    let mut operation = Operation::fails(2, secs(1));
    let first = retry([secs(60)], || operation.attempt()).into_future();
    timeout(ms(1_500), first).await.unwrap_err();
    let result = retry([secs(1), secs(60)], || operation.attempt()).await;
    assert_eq!(result, Ok("done"));
    assert_eq!(operation.attempts, [0, 1_500, 3_500].map(ms));
}

/// Row 24: `retry` is dropped at any await.
#[tokio::test(start_paused = true)]
async fn a_retry_dropped_at_any_await_leaves_nothing() {
    for polls in 0.. {
        let held = Arc::new(());
        let mut operation = Operation::fails(2, secs(1));
        let retrying = retry([secs(1), secs(2)], || {
            let (held, attempt) = (Arc::clone(&held), operation.attempt());
            async move {
                let result = attempt.await;
                drop(held);
                result
            }
        });
        let result = polled(retrying.into_future(), polls).await;
        assert_eq!(Arc::strong_count(&held), 1, "after {polls} polls");
        if result.is_some() {
            assert!(polls >= 5, "each of the awaits was stopped at");
            break;
        }
    }
}
