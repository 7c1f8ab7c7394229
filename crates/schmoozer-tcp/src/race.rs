//! A staggered race: the heart of Happy Eyeballs, without a task and without a list of sockets to clean up.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::sleep;

/// How many candidates run at a time; further ones wait until one of them fails.
pub(crate) const IN_FLIGHT: usize = 16;

/// Runs candidates until the first one succeeds, and drops the others.
///
/// `next` yields candidates, in their order; `Ready(None)` says that there are no more. A candidate
/// is started when the one before it failed or has been running for `stagger` (RFC 8305 §5). A
/// candidate's output is `None` when it failed. Returns `None` when all have failed.
pub(crate) async fn race<T, F>(
    mut next: impl FnMut(&mut Context<'_>) -> Poll<Option<F>>,
    stagger: Duration,
) -> Option<T>
where
    F: Future<Output = Option<T>>,
{
    let mut running: Vec<Pin<Box<F>>> = Vec::new();
    let mut timer = pin!(sleep(Duration::ZERO));
    let mut may_start = true;
    let mut exhausted = false;
    poll_fn(|cx| {
        loop {
            let mut i = 0;
            while let Some(candidate) = running.get_mut(i) {
                match candidate.as_mut().poll(cx) {
                    Poll::Ready(Some(won)) => {
                        running.clear();
                        return Poll::Ready(Some(won));
                    }
                    Poll::Ready(None) => {
                        drop(running.remove(i));
                        may_start = true;
                    }
                    Poll::Pending => i += 1,
                }
            }
            if exhausted {
                return if running.is_empty() {
                    Poll::Ready(None)
                } else {
                    Poll::Pending
                };
            }
            may_start = may_start || timer.as_mut().poll(cx).is_ready();
            if !may_start || running.len() == IN_FLIGHT {
                return Poll::Pending;
            }
            match next(cx) {
                Poll::Ready(Some(candidate)) => {
                    running.push(Box::pin(candidate));
                    timer.set(sleep(stagger));
                    may_start = false;
                }
                Poll::Ready(None) => exhausted = true,
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::future::pending;

    use tokio::time::{Instant, timeout};

    use super::*;

    const STAGGER: Duration = Duration::from_millis(250);

    /// A candidate that ends after `.0` milliseconds, and whether it then succeeds.
    type Script = (u64, bool);

    /// Races candidates; returns the winner, when it won, and when each was started, in milliseconds.
    async fn run(scripts: &[Script]) -> (Option<usize>, u128, Vec<u128>) {
        let begun = Instant::now();
        let starts = RefCell::new(Vec::new());
        let mut scripts = scripts.iter().enumerate();
        let candidates = |_: &mut Context<'_>| {
            Poll::Ready(scripts.next().map(|(i, &(after, succeeds))| {
                starts.borrow_mut().push(begun.elapsed().as_millis());
                async move {
                    sleep(Duration::from_millis(after)).await;
                    succeeds.then_some(i)
                }
            }))
        };
        let won = race(candidates, STAGGER).await;
        (won, begun.elapsed().as_millis(), starts.into_inner())
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_candidate_costs_the_next_one_stagger() {
        assert_eq!(
            run(&[(10_000, true), (5, true)]).await,
            (Some(1), 255, vec![0, 250])
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_starts_the_next_at_once() {
        assert_eq!(
            run(&[(10, false), (10, false), (5, true)]).await,
            (Some(2), 25, vec![0, 10, 20])
        );
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_failure_the_stagger_begins_anew() {
        assert_eq!(
            run(&[(100, false), (10_000, true), (5, true)]).await,
            (Some(2), 355, vec![0, 100, 350])
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_failure_of_an_early_candidate_starts_the_next_too() {
        assert_eq!(
            run(&[(300, false), (10_000, true), (5, true)]).await,
            (Some(2), 305, vec![0, 250, 300])
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_candidate_that_was_overtaken_may_still_win() {
        assert_eq!(
            run(&[(300, true), (10_000, true)]).await,
            (Some(0), 300, vec![0, 250])
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_candidate_starts_nothing_else() {
        assert_eq!(
            run(&[(249, true), (0, true)]).await,
            (Some(0), 249, vec![0])
        );
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_wins_when_all_fail() {
        assert_eq!(
            run(&[(400, false), (400, false)]).await,
            (None, 650, vec![0, 250])
        );
        assert_eq!(run(&[]).await, (None, 0, vec![]));
    }

    #[tokio::test(start_paused = true)]
    async fn the_losers_are_dropped_when_the_first_succeeds() {
        struct Loser<'a>(&'a Cell<u32>);
        impl Drop for Loser<'_> {
            fn drop(&mut self) {
                self.0.set(self.0.get() + 1);
            }
        }
        let dropped = Cell::new(0);
        let mut n = 0;
        let candidates = |_: &mut Context<'_>| {
            n += 1;
            let loser = Loser(&dropped);
            Poll::Ready((n <= 3).then_some(async move {
                if n < 3 {
                    pending::<()>().await;
                }
                // The winner reports how many had been dropped before it.
                let loser = loser;
                Some(loser.0.get())
            }))
        };
        assert_eq!(race(candidates, STAGGER).await, Some(0));
        assert_eq!(dropped.get(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_the_bound_run_at_a_time() {
        let started = Cell::new(0);
        let candidates = |_: &mut Context<'_>| {
            started.set(started.get() + 1);
            Poll::Ready(Some(pending::<Option<()>>()))
        };
        assert!(
            timeout(Duration::from_secs(3_600), race(candidates, STAGGER))
                .await
                .is_err()
        );
        assert_eq!(started.get(), IN_FLIGHT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stagger_without_end_does_not_overflow() {
        let mut candidates = [false, true].into_iter();
        let next = |_: &mut Context<'_>| {
            Poll::Ready(
                candidates
                    .next()
                    .map(|won| async move { won.then_some(()) }),
            )
        };
        assert_eq!(race(next, Duration::MAX).await, Some(()));
    }
}
