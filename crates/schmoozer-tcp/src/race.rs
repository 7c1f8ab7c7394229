//! A staggered race between addresses, the core of Happy Eyeballs (RFC 8305). It runs in the task of the dial. Dropping
//! it closes its sockets.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::mem;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::endpoint::{Endpoint, Timer, is_over};
use crate::memory::Route;
use crate::socket::Failed;
use crate::step::{Step, timed_out};
use crate::transient::Phase;
use crate::{Answers, Dialer};

/// The maximum number of attempts that run at the same time.
const IN_FLIGHT: usize = 16;
/// How long an address is tried by default before the next one starts too (RFC 8305 §5, "Connection Attempt Delay").
/// The same for endpoints, except with [`Order::Failover`](crate::Order::Failover).
pub(crate) const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Races the attempts of all endpoints until the first one succeeds, and drops the others.
///
/// An endpoint starts its next attempt when one of its attempts fails, or when the latest has run for the attempt delay
/// (RFC 8305 §5). The next endpoint starts when all addresses of an earlier one have failed, or when the latest has
/// been tried for the endpoint delay. If 16 attempts are running, a new one replaces the oldest.
///
/// A race that is dropped before an attempt succeeds counts as failed, for example when the loop's timeout ends its
/// dial. The next race begins with what this one did not try.
pub(crate) struct Race<'a, C, F> {
    pub(crate) dialer: &'a Dialer,
    /// The endpoints in the order to try them, as indices into the dialer's targets.
    pub(crate) order: &'a [usize],
    /// Starts an attempt to connect to an address.
    connect: C,
    /// The endpoints that were started, in the same order.
    endpoints: Vec<Endpoint<'a>>,
    /// The delay before the next endpoint starts.
    endpoint_delay: Timer,
    /// The attempts that run, the oldest first, each with the index of its step.
    running: VecDeque<(usize, Pin<Box<F>>)>,
    /// All lookups and attempts that were started.
    pub(crate) steps: Vec<Step>,
}

impl<'a, C, F, T> Race<'a, C, F>
where
    C: Fn(Route) -> F,
    F: Future<Output = Result<T, Failed>>,
{
    pub(crate) fn new(dialer: &'a Dialer, order: &'a [usize], connect: C) -> Self {
        Self {
            dialer,
            order,
            connect,
            endpoints: Vec::new(),
            endpoint_delay: None,
            running: VecDeque::new(),
            steps: Vec::new(),
        }
    }

    /// Returns the connection of the first attempt that succeeds, or `None` if all fail.
    pub(crate) async fn run(&mut self) -> Option<T> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        loop {
            if let Some(won) = self.poll_attempts(cx) {
                self.running.clear();
                self.steps.clear();
                return Poll::Ready(Some(won));
            }
            let begun = self.steps.len();
            for place in 0..self.endpoints.len() {
                self.poll_endpoint(place, cx);
            }
            if let Some(&number) = self.order.get(self.endpoints.len()) {
                if is_over(&mut self.endpoint_delay, cx) {
                    self.start_endpoint(number);
                    continue;
                }
            } else if self.running.is_empty() && self.endpoints.iter().all(|of| of.is_exhausted) {
                return Poll::Ready(None);
            }
            if self.steps.len() == begun {
                return Poll::Pending;
            }
        }
    }

    fn poll_attempts(&mut self, cx: &mut Context<'_>) -> Option<T> {
        let mut i = 0;
        while let Some((step, attempt)) = self.running.get_mut(i) {
            match attempt.as_mut().poll(cx) {
                Poll::Ready(Ok(won)) => return Some(won),
                Poll::Ready(Err(failed)) => {
                    let step = &mut self.steps[*step];
                    self.endpoints[step.endpoint].stagger = None;
                    step.end(Err(failed));
                    drop(self.running.remove(i));
                }
                Poll::Pending => i += 1,
            }
        }
        None
    }

    /// Polls the lookup of an endpoint, and starts its next attempt if that is due. If the endpoint has failed, lets
    /// the next endpoint start at once.
    fn poll_endpoint(&mut self, place: usize, cx: &mut Context<'_>) {
        let memory = &self.dialer.memory;
        let endpoint = &mut self.endpoints[place];
        if let Some((step, result)) = endpoint.poll_lookup(cx, memory) {
            self.steps[step].end(result);
        }
        if !endpoint.is_exhausted && is_over(&mut endpoint.stagger, cx) {
            match endpoint.poll_next(cx, memory) {
                Poll::Ready(Some(addr)) => return self.start_attempt(place, addr),
                Poll::Ready(None) => endpoint.is_exhausted = true,
                Poll::Pending => {}
            }
        }
        let belongs_to_endpoint = |(step, _): &(usize, _)| self.steps[*step].endpoint == place;
        if endpoint.is_exhausted
            && !self.running.iter().any(belongs_to_endpoint)
            && !mem::replace(&mut endpoint.next_waits, true)
        {
            self.endpoint_delay = None;
        }
    }

    fn start_attempt(&mut self, place: usize, addr: SocketAddr) {
        if self.running.len() == IN_FLIGHT {
            if let Some((oldest, _)) = self.running.pop_front() {
                let oldest = &mut self.steps[oldest];
                // It was replaced and did not fail, so its endpoint does not let the next one start at once.
                self.endpoints[oldest.endpoint].next_waits = true;
                oldest.end(Err(timed_out(Phase::Connect)));
            }
        }
        let delay = self.dialer.attempt_delay.unwrap_or(ATTEMPT_DELAY);
        self.endpoints[place].stagger = Some(Box::pin(sleep(delay)));
        let step = self.begin(place, Some(addr));
        let endpoint = self.order[place];
        let attempt = (self.connect)(Route { endpoint, addr });
        self.running.push_back((step, Box::pin(attempt)));
    }

    fn start_endpoint(&mut self, number: usize) {
        let dialer = self.dialer;
        let target = &dialer.targets[number];
        let mut answers = Answers::default();
        let endpoint = if let Some(addr) = target.literal() {
            answers.push(addr);
            Endpoint::new(answers.into(), None)
        } else {
            answers.family = dialer.options.family;
            answers.time = dialer.timeout;
            let answers = Arc::new(answers);
            let lookup = dialer.resolver.lookup(target, Arc::clone(&answers));
            let step = self.begin(self.endpoints.len(), None);
            Endpoint::new(answers, Some((step, lookup)))
        };
        self.endpoints.push(endpoint);
        self.endpoint_delay = Some(Box::pin(sleep(dialer.time_for_each_endpoint())));
    }

    fn begin(&mut self, endpoint: usize, addr: Option<SocketAddr>) -> usize {
        self.steps.push(Step {
            endpoint,
            addr,
            begun: Instant::now(),
            ended: None,
        });
        self.steps.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::future::pending;
    use std::io::{self, ErrorKind};
    use std::net::IpAddr;

    use super::*;
    use crate::Resolve;

    const STAGGER: Duration = Duration::from_millis(250);

    /// Finds as many addresses as the first label of the name says. Their last bytes count from 0.
    struct Counted;

    impl Resolve for Counted {
        async fn resolve(&self, host: &str, port: u16, answers: &Answers) -> io::Result<()> {
            let count = host.split('.').next().and_then(|label| label.parse().ok());
            for i in 0..count.unwrap_or(0) {
                answers.push(SocketAddr::from(([192, 0, 2, i], port)));
            }
            Ok(())
        }
    }

    /// Returns a dialer with one endpoint for each count of addresses, and the order of its endpoints.
    fn dialer(addresses: &[usize]) -> (Dialer, Vec<usize>) {
        let names = addresses.iter().enumerate();
        let names = names.map(|(i, count)| format!("{count}.endpoint-{i}.example:80"));
        let dialer = Dialer::any_of(names).expect("good targets");
        let dialer = dialer.resolver(Counted).timeout(None);
        (dialer, (0..addresses.len()).collect())
    }

    fn number(addr: SocketAddr) -> usize {
        match addr.ip().to_canonical() {
            IpAddr::V4(v4) => v4.octets()[3].into(),
            IpAddr::V6(_) => unreachable!("only IPv4 addresses are found"),
        }
    }

    /// What an attempt does: it ends after `.0` milliseconds, and succeeds if `.1` is true.
    type Script = (u64, bool);

    fn refused() -> Failed {
        io::Error::from(ErrorKind::ConnectionRefused).into()
    }

    /// Races the attempts of several endpoints. Returns the number of the winner, when the race ended, and when each
    /// attempt started, in milliseconds. Attempts are numbered in the order of their starts.
    async fn run_all(endpoints: &[&[Script]], delay: Duration) -> (Option<usize>, u128, Vec<u128>) {
        let counts: Vec<_> = endpoints.iter().map(|scripts| scripts.len()).collect();
        let (dialer, order) = dialer(&counts);
        let dialer = dialer.attempt_delay(STAGGER).endpoint_delay(delay);
        let begun = Instant::now();
        let starts = RefCell::new(Vec::new());
        let mut race = Race::new(&dialer, &order, |Route { endpoint, addr }| {
            let (after, succeeds) = endpoints[endpoint][number(addr)];
            let number = starts.borrow().len();
            starts.borrow_mut().push(begun.elapsed().as_millis());
            async move {
                sleep(Duration::from_millis(after)).await;
                if succeeds { Ok(number) } else { Err(refused()) }
            }
        });
        let won = race.run().await;
        drop(race);
        (won, begun.elapsed().as_millis(), starts.into_inner())
    }

    /// Does what `run_all` does, with a single endpoint.
    async fn run(scripts: &[Script]) -> (Option<usize>, u128, Vec<u128>) {
        run_all(&[scripts], STAGGER).await
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_starts_after_a_stagger_or_when_one_fails_and_the_fastest_wins() {
        let (slow, fast) = ((10_000, true), (5, true));
        for (scripts, won, at, starts) in [
            (&[slow, fast][..], Some(1), 255, &[0, 250][..]),
            (&[(10, false), (10, false), fast], Some(2), 25, &[0, 10, 20]),
            // Windows reports a refusal only after three tries, which take about two seconds.
            (&[(2_000, false), fast], Some(1), 255, &[0, 250]),
            (&[(2_000, false); 3], None, 2_500, &[0, 250, 500]),
            // A failure starts the next attempt, and the attempt delay begins again.
            (&[(100, false), slow, fast], Some(2), 355, &[0, 100, 350]),
            // The failure of an earlier attempt starts the next one too.
            (&[(300, false), slow, fast], Some(2), 305, &[0, 250, 300]),
            // The first attempt may still win after the second has started.
            (&[(300, true), slow], Some(0), 300, &[0, 250]),
            (&[(249, true), (0, true)], Some(0), 249, &[0]),
            (&[(400, false), (400, false)], None, 650, &[0, 250]),
            (&[], None, 0, &[]),
        ] {
            assert_eq!(
                run(scripts).await,
                (won, at, starts.to_vec()),
                "{scripts:?}"
            );
        }
    }

    /// Counts the instances that are alive, and the most that were alive at once.
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
        let (dialer, order) = dialer(&[4]);
        let mut race = Race::new(&dialer, &order, |to| {
            let attempt = Alive::new(&alive);
            async move {
                let _attempt = attempt;
                if number(to.addr) < 2 {
                    pending::<()>().await;
                }
                Ok(())
            }
        });
        assert_eq!(race.run().await, Some(()));
        assert_eq!(alive.get(), (0, 3));
    }

    /// Row 45: no candidate is out of reach, however many hang before it, and never do more than 16 run.
    #[tokio::test(start_paused = true)]
    async fn the_oldest_gives_way_when_too_many_run() {
        for dead in [15, 16, 20, 63] {
            let begun = Instant::now();
            let alive = Cell::new((0, 0));
            let (dialer, order) = dialer(&[dead + 1]);
            let mut race = Race::new(&dialer, &order, |to| {
                let attempt = Alive::new(&alive);
                async move {
                    let _attempt = attempt;
                    if number(to.addr) < dead {
                        pending::<()>().await;
                    }
                    Ok(number(to.addr))
                }
            });
            assert_eq!(race.run().await, Some(dead));
            let staggers = u32::try_from(dead).unwrap_or(u32::MAX);
            assert_eq!(begun.elapsed(), STAGGER * staggers);
            assert_eq!(alive.get(), (0, IN_FLIGHT.min(dead + 1)));
        }
    }

    /// Row 45: the same for endpoints of one address each, which come one a delay and not all at once.
    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_gave_way_does_not_bring_the_next_one_on() {
        let dead: &[Script] = &[(3_600_000, false)];
        let good: &[Script] = &[(0, true)];
        let mut endpoints = vec![dead; 64];
        endpoints.push(good);
        let (won, at, starts) = run_all(&endpoints, STAGGER).await;
        assert_eq!((won, at), (Some(64), 64 * 250));
        assert_eq!(starts, (0..=64).map(|i| i * 250).collect::<Vec<_>>());
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
        // The second endpoint starts after the delay, while the first still runs, and wins.
        assert_eq!(
            run_all(&[slow, good], delay).await,
            (Some(2), 2_005, vec![0, 100, 2_000])
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_failed_brings_one_other_on() {
        let refused: &[Script] = &[(10, false)];
        let slow: &[Script] = &[(10_000, true)];
        let good: &[Script] = &[(5, true)];
        let delay = Duration::from_secs(2);
        assert_eq!(
            run_all(&[refused, slow, good], delay).await,
            (Some(2), 2_015, vec![0, 10, 2_010])
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_stagger_without_end_does_not_overflow() {
        let (dialer, order) = dialer(&[2]);
        let dialer = dialer.attempt_delay(Duration::MAX);
        let mut race = Race::new(&dialer, &order, |to| async move {
            let second = number(to.addr) == 1;
            second.then_some(()).ok_or_else(refused)
        });
        assert_eq!(race.run().await, Some(()));
    }
}
