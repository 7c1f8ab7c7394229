//! A staggered race: the heart of Happy Eyeballs, without a task and without a list of sockets to clean up.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

/// How many attempts run at a time.
pub(crate) const IN_FLIGHT: usize = 16;

/// Races the attempts of all endpoints until the first one succeeds, and drops the others.
///
/// An endpoint's attempt starts when the one before it failed or has been running for `attempt_delay` (RFC 8305 §5). An
/// endpoint starts when one before it has failed altogether or has been tried for `endpoint_delay`. When 16 attempts
/// run, the oldest gives way to the next. An attempt's output is `None` when it failed; the race's when all have.
///
/// An endpoint is a function that yields its attempts in their order, or `Ready(None)` when there are no more. It is
/// called whenever something happens, so that its lookup goes on, and may yield an attempt only if it is told `true`.
pub(crate) async fn race<T, F, S>(
    mut endpoints: impl Iterator<Item = S>,
    endpoint_delay: Duration,
    attempt_delay: Duration,
) -> Option<T>
where
    F: Future<Output = Option<T>>,
    S: FnMut(&mut Context<'_>, bool) -> Poll<Option<F>>,
{
    let mut running: VecDeque<(usize, Pin<Box<F>>)> = VecDeque::new();
    let mut started: Vec<Endpoint<S>> = Vec::new();
    let mut endpoint_gate = Gate::new(endpoint_delay);
    let mut more_endpoints = true;
    poll_fn(|cx| {
        loop {
            let mut i = 0;
            while let Some((endpoint, attempt)) = running.get_mut(i) {
                match attempt.as_mut().poll(cx) {
                    Poll::Ready(Some(won)) => {
                        running.clear();
                        return Poll::Ready(Some(won));
                    }
                    Poll::Ready(None) => {
                        let endpoint = *endpoint;
                        drop(running.remove(i));
                        started[endpoint].gate.open();
                        if started[endpoint].has_failed(endpoint, &running) {
                            endpoint_gate.open();
                        }
                    }
                    Poll::Pending => i += 1,
                }
            }
            let mut anything_new = false;
            for i in 0..started.len() {
                let Endpoint { attempts, gate, .. } = &mut started[i];
                let Some(next) = attempts else {
                    continue;
                };
                let may_start = gate.is_open(cx);
                match next(cx, may_start) {
                    Poll::Ready(Some(attempt)) => {
                        if running.len() == IN_FLIGHT {
                            if let Some((oldest, _)) = running.pop_front() {
                                started[oldest].gave_way = true;
                            }
                        }
                        running.push_back((i, Box::pin(attempt)));
                        started[i].gate.shut();
                        anything_new = true;
                    }
                    Poll::Ready(None) => {
                        started[i].attempts = None;
                        if started[i].has_failed(i, &running) {
                            endpoint_gate.open();
                        }
                    }
                    Poll::Pending => {}
                }
            }
            if more_endpoints && endpoint_gate.is_open(cx) {
                if let Some(attempts) = endpoints.next() {
                    started.push(Endpoint {
                        attempts: Some(attempts),
                        gate: Gate::new(attempt_delay),
                        gave_way: false,
                    });
                    endpoint_gate.shut();
                } else {
                    more_endpoints = false;
                }
                anything_new = true;
            }
            if !anything_new {
                let over = !more_endpoints
                    && running.is_empty()
                    && started.iter().all(|endpoint| endpoint.attempts.is_none());
                return if over {
                    Poll::Ready(None)
                } else {
                    Poll::Pending
                };
            }
        }
    })
    .await
}

/// An endpoint that is being tried.
struct Endpoint<S> {
    /// `None` once there are no more.
    attempts: Option<S>,
    gate: Gate,
    /// Whether an attempt was ended for a newer one. Then the endpoint did not fail, and does not bring the next one on.
    gave_way: bool,
}

impl<S> Endpoint<S> {
    fn has_failed<F>(&self, number: usize, running: &VecDeque<(usize, F)>) -> bool {
        self.attempts.is_none() && !self.gave_way && running.iter().all(|(of, _)| *of != number)
    }
}

/// Lets one through at once, and the next after a delay.
struct Gate {
    delay: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Gate {
    fn new(delay: Duration) -> Self {
        Self { delay, timer: None }
    }

    fn open(&mut self) {
        self.timer = None;
    }

    fn shut(&mut self) {
        self.timer = Some(Box::pin(sleep(self.delay)));
    }

    fn is_open(&mut self, cx: &mut Context<'_>) -> bool {
        match &mut self.timer {
            Some(timer) => timer.as_mut().poll(cx).is_ready(),
            None => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::future::pending;

    use tokio::time::Instant;

    use super::*;

    const STAGGER: Duration = Duration::from_millis(250);

    /// A candidate that ends after `.0` milliseconds, and whether it then succeeds.
    type Script = (u64, bool);

    /// Races the candidates of endpoints; returns the winner, when it won, and when each was started, in milliseconds.
    async fn run_all(endpoints: &[&[Script]], delay: Duration) -> (Option<usize>, u128, Vec<u128>) {
        let begun = Instant::now();
        let starts = RefCell::new(Vec::new());
        let numbers = Cell::new(0);
        let sources = endpoints.iter().map(|scripts| {
            let mut scripts = scripts.iter();
            let (starts, numbers) = (&starts, &numbers);
            move |_: &mut Context<'_>, may_start: bool| {
                if !may_start {
                    return Poll::Pending;
                }
                Poll::Ready(scripts.next().map(|&(after, succeeds)| {
                    starts.borrow_mut().push(begun.elapsed().as_millis());
                    let number = numbers.replace(numbers.get() + 1);
                    async move {
                        sleep(Duration::from_millis(after)).await;
                        succeeds.then_some(number)
                    }
                }))
            }
        });
        let won = race(sources, delay, STAGGER).await;
        (won, begun.elapsed().as_millis(), starts.into_inner())
    }

    /// The same with a single endpoint.
    async fn run(scripts: &[Script]) -> (Option<usize>, u128, Vec<u128>) {
        run_all(&[scripts], STAGGER).await
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

    /// Windows asks three times before it takes a refusal for one, and needs about two seconds for it.
    #[tokio::test(start_paused = true)]
    async fn a_refusal_that_takes_two_seconds_costs_the_next_one_stagger() {
        assert_eq!(
            run(&[(2_000, false), (5, true)]).await,
            (Some(1), 255, vec![0, 250])
        );
        let (won, at, _) = run(&[(2_000, false), (2_000, false), (2_000, false)]).await;
        assert_eq!((won, at), (None, 2_500));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_failure_the_stagger_begins_again() {
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
    async fn none_wins_when_all_fail() {
        assert_eq!(
            run(&[(400, false), (400, false)]).await,
            (None, 650, vec![0, 250])
        );
        assert_eq!(run(&[]).await, (None, 0, vec![]));
    }

    /// Counts how many of it there are, and how many there were at most.
    struct Alive<'a>(&'a Cell<(usize, usize)>);

    impl<'a> Alive<'a> {
        fn new(count: &'a Cell<(usize, usize)>) -> Self {
            let (now, most) = count.get();
            count.set((now + 1, most.max(now + 1)));
            Self(count)
        }
    }

    impl Drop for Alive<'_> {
        fn drop(&mut self) {
            let (now, most) = self.0.get();
            self.0.set((now - 1, most));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_losers_are_dropped_before_the_race_ends() {
        let alive = Cell::new((0, 0));
        let mut n = 0;
        let source = |_: &mut Context<'_>, may_start: bool| {
            if !may_start {
                return Poll::Pending;
            }
            n += 1;
            let loser = Alive::new(&alive);
            Poll::Ready((n <= 3).then_some(async move {
                let _loser = loser;
                if n < 3 {
                    pending::<()>().await;
                }
                Some(())
            }))
        };
        assert_eq!(race([source].into_iter(), STAGGER, STAGGER).await, Some(()));
        assert_eq!(alive.get(), (0, 3));
    }

    /// Row 45: no candidate is out of reach, however many hang before it, and never do more than 16 run.
    #[tokio::test(start_paused = true)]
    async fn the_oldest_gives_way_when_too_many_run() {
        for dead in [15, 16, 20, 64] {
            let begun = Instant::now();
            let alive = Cell::new((0, 0));
            let mut n = 0;
            let source = |_: &mut Context<'_>, may_start: bool| {
                if !may_start {
                    return Poll::Pending;
                }
                n += 1;
                let number = n;
                let attempt = Alive::new(&alive);
                Poll::Ready(Some(async move {
                    let _attempt = attempt;
                    if number <= dead {
                        pending::<()>().await;
                    }
                    Some(number)
                }))
            };
            let won = race([source].into_iter(), STAGGER, STAGGER).await;
            assert_eq!(won, Some(dead + 1));
            assert_eq!(begun.elapsed(), STAGGER * dead);
            // One more is made than runs, since the oldest is dropped in exchange for it.
            let most = usize::try_from(dead + 1)
                .unwrap_or(usize::MAX)
                .min(IN_FLIGHT + 1);
            assert_eq!(alive.get(), (0, most));
        }
    }

    /// Row 45: the same for endpoints of one address each, which come one a delay and not all at once.
    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_gave_way_does_not_bring_the_next_one_on() {
        let dead: &[Script] = &[(3_600_000, false)];
        let good: &[Script] = &[(0, true)];
        let mut endpoints = vec![dead; 40];
        endpoints.push(good);
        let (won, at, starts) = run_all(&endpoints, STAGGER).await;
        assert_eq!((won, at), (Some(40), 40 * 250));
        assert_eq!(starts, (0..=40).map(|i| i * 250).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_is_over_when_all_its_candidates_have_failed() {
        let delay = Duration::from_secs(2);
        let refused: &[Script] = &[(10, false), (10, false)];
        let slow: &[Script] = &[(100, false), (10_000, true)];
        let good: &[Script] = &[(5, true)];
        assert_eq!(
            run_all(&[refused, good], delay).await,
            (Some(2), 25, vec![0, 10, 20])
        );
        // The second endpoint begins after the delay, beside the first, and ends first.
        assert_eq!(
            run_all(&[slow, good], delay).await,
            (Some(2), 2_005, vec![0, 100, 2_000])
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_stagger_without_end_does_not_overflow() {
        let mut candidates = [false, true].into_iter();
        let source = |_: &mut Context<'_>, may_start: bool| {
            if !may_start {
                return Poll::Pending;
            }
            Poll::Ready(
                candidates
                    .next()
                    .map(|won| async move { won.then_some(()) }),
            )
        };
        let won = race([source].into_iter(), Duration::MAX, Duration::MAX).await;
        assert_eq!(won, Some(()));
    }
}
