//! One endpoint of a race: chooses which address is tried next, while the lookup may still find more.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};

use crate::memory::Memory;
use crate::resolve::Lookup;
use crate::socket::Failed;
use crate::transient::Phase;
use crate::{Answers, Family};

/// How long an IPv4 address waits for an IPv6 address (RFC 8305 §3, "Resolution Delay").
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);
/// The maximum number of addresses of one name that a dial tries. The next dial begins with the others.
const MAX_ADDRESSES: usize = 64;

/// A delay to wait for. `None` if there is nothing to wait for.
pub(crate) type Timer = Option<Pin<Box<Sleep>>>;

/// Returns whether the delay is over. If it is not, the task is woken at its end.
pub(crate) fn is_over(timer: &mut Timer, cx: &mut Context<'_>) -> bool {
    let timer = timer.as_mut();
    timer.is_none_or(|timer| timer.as_mut().poll(cx).is_ready())
}

/// An endpoint that is being tried.
#[derive(Default)]
pub(crate) struct Endpoint<'a> {
    answers: Arc<Answers>,
    /// The lookup, with the index of its step. `None` once it has ended, or if the endpoint is an address.
    lookup: Option<(usize, Lookup<'a>)>,
    /// The addresses that were returned to be tried.
    taken: Vec<SocketAddr>,
    resolution_delay: Timer,
    /// Whether an IPv4 address had to wait for an IPv6 address. If one arrives, it goes first.
    waited_for_v6: bool,
    /// The delay before the next attempt starts.
    pub(crate) stagger: Timer,
    /// Whether there are no more addresses.
    pub(crate) is_exhausted: bool,
    /// Whether the next endpoint waits for its delay even if this one has failed. True after the next one was started
    /// once, or after an attempt of this one was replaced by a newer one.
    pub(crate) next_waits: bool,
}

impl<'a> Endpoint<'a> {
    pub(crate) fn new(answers: Arc<Answers>, lookup: Option<(usize, Lookup<'a>)>) -> Self {
        Self {
            answers,
            lookup,
            ..Self::default()
        }
    }

    /// Polls the lookup. When it ends, returns the index of its step and its result, once.
    pub(crate) fn poll_lookup(
        &mut self,
        cx: &mut Context<'_>,
        memory: &Memory,
    ) -> Option<(usize, Result<(), Failed>)> {
        let (step, lookup) = self.lookup.as_mut()?;
        let Poll::Ready(result) = lookup.as_mut().poll(cx) else {
            return None;
        };
        let step = *step;
        self.lookup = None;
        let found = self.answers.found();
        memory.resolved(&found);
        let failed = |phase, error| Err(Failed(phase, error));
        let result = match result {
            Err(error) => failed(Phase::Lookup, error),
            Ok(()) if found.is_empty() => {
                let of_family = self.answers.family.of_protocol();
                let text = format!("the name has no address{of_family}");
                failed(Phase::NoAddress, io::Error::new(ErrorKind::NotFound, text))
            }
            Ok(()) => Ok(()),
        };
        Some((step, result))
    }

    /// Returns the next address to try, or `None` if there are no more.
    pub(crate) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        memory: &Memory,
    ) -> Poll<Option<SocketAddr>> {
        let is_complete = self.lookup.is_none();
        let found = self.answers.found();
        let is_behind = |addr: &SocketAddr| memory.is_behind(addr);
        let untaken = found
            .iter()
            .copied()
            .filter(|addr| self.taken.len() < MAX_ADDRESSES && !self.taken.contains(addr));
        let Some(best) = untaken.clone().min_by_key(is_behind) else {
            return if is_complete {
                Poll::Ready(None)
            } else {
                Poll::Pending
            };
        };
        let v6_may_come = self.taken.is_empty()
            && self.answers.family != Family::V4
            && !found.iter().any(SocketAddr::is_ipv6);
        if !is_complete && (v6_may_come || is_behind(&best)) {
            self.waited_for_v6 |= v6_may_come;
            let delay = &mut self.resolution_delay;
            let delay = delay.get_or_insert_with(|| Box::pin(sleep(RESOLUTION_DELAY)));
            ready!(delay.as_mut().poll(cx));
        }
        let v6_next = match self.taken.last() {
            Some(last) => last.is_ipv4(),
            None => self.waited_for_v6 || best.is_ipv6(),
        };
        let next = untaken.min_by_key(|addr| (is_behind(addr), addr.is_ipv6() != v6_next));
        self.taken.extend(next);
        Poll::Ready(next)
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn};
    use std::task::Waker;

    use tokio::time::Instant;

    use super::*;

    fn addr(text: &str) -> SocketAddr {
        text.parse().expect("a good address")
    }

    /// Makes an endpoint with these addresses. Its lookup still runs.
    fn endpoint(answers: Answers, texts: &[&str]) -> Endpoint<'static> {
        for text in texts {
            answers.push(addr(text));
        }
        Endpoint::new(answers.into(), Some((0, Box::pin(pending()))))
    }

    /// Makes an endpoint with these addresses. Its lookup has ended.
    fn complete(texts: &[&str]) -> Endpoint<'static> {
        let mut endpoint = endpoint(Answers::default(), texts);
        endpoint.lookup = None;
        endpoint
    }

    /// Returns the address to try now, if there is one.
    fn now(endpoint: &mut Endpoint<'_>) -> Poll<Option<SocketAddr>> {
        let cx = &mut Context::from_waker(Waker::noop());
        endpoint.poll_next(cx, &Memory::default())
    }

    /// Returns all addresses that may be tried now, in order.
    fn drain(endpoint: &mut Endpoint<'_>) -> Vec<String> {
        let mut order = Vec::new();
        while let Poll::Ready(Some(addr)) = now(endpoint) {
            order.push(addr.to_string());
        }
        order
    }

    /// Returns the next address to try, and after how many milliseconds it may be tried.
    async fn next(endpoint: &mut Endpoint<'_>, memory: &Memory) -> (Option<String>, u128) {
        let begun = Instant::now();
        let next = poll_fn(|cx| endpoint.poll_next(cx, memory)).await;
        (
            next.map(|addr| addr.to_string()),
            begun.elapsed().as_millis(),
        )
    }

    #[test]
    fn families_take_turns_beginning_with_the_resolvers_first() {
        let mut v6_first = complete(&["[::1]:1", "[::2]:1", "[::3]:1", "1.0.0.1:1", "1.0.0.2:1"]);
        assert_eq!(
            drain(&mut v6_first),
            ["[::1]:1", "1.0.0.1:1", "[::2]:1", "1.0.0.2:1", "[::3]:1"]
        );
        let mut v4_first = complete(&["1.0.0.1:1", "1.0.0.2:1", "[::1]:1"]);
        assert_eq!(drain(&mut v4_first), ["1.0.0.1:1", "[::1]:1", "1.0.0.2:1"]);
        assert_eq!(now(&mut v4_first), Poll::Ready(None));
    }

    #[tokio::test(start_paused = true)]
    async fn an_ipv4_address_alone_waits_and_lets_an_ipv6_one_go_first() {
        let mut endpoint = endpoint(Answers::default(), &["1.0.0.1:1"]);
        assert_eq!(now(&mut endpoint), Poll::Pending);
        endpoint.answers.push(addr("[::1]:1"));
        endpoint.lookup = None;
        assert_eq!(drain(&mut endpoint), ["[::1]:1", "1.0.0.1:1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_ipv4_address_waits_no_longer_than_the_resolution_delay_or_the_lookup() {
        let memory = Memory::default();
        let mut late = endpoint(Answers::default(), &["1.0.0.1:1"]);
        let first = (Some("1.0.0.1:1".to_owned()), 50);
        assert_eq!(next(&mut late, &memory).await, first);
        assert_eq!(now(&mut late), Poll::Pending);
        let mut ended = endpoint(Answers::default(), &["1.0.0.1:1"]);
        assert_eq!(now(&mut ended), Poll::Pending);
        ended.lookup = None;
        assert_eq!(drain(&mut ended), ["1.0.0.1:1"]);
    }

    #[test]
    fn an_ipv6_address_waits_for_nothing() {
        let mut endpoint = endpoint(Answers::default(), &["[::1]:1"]);
        assert_eq!(now(&mut endpoint), Poll::Ready(Some(addr("[::1]:1"))));
        endpoint.answers.push(addr("[::2]:1"));
        endpoint.answers.push(addr("1.0.0.1:1"));
        assert_eq!(drain(&mut endpoint), ["1.0.0.1:1", "[::2]:1"]);
    }

    #[test]
    fn an_address_is_tried_once() {
        let mut endpoint = complete(&["[::1]:1", "[::1]:1", "[::1]:2"]);
        assert_eq!(now(&mut endpoint), Poll::Ready(Some(addr("[::1]:1"))));
        endpoint.answers.push(addr("[::1]:1"));
        assert_eq!(drain(&mut endpoint), ["[::1]:2"]);
    }

    #[test]
    fn a_flood_of_answers_is_bounded() {
        let mut endpoint = complete(&[]);
        (0..10_000).for_each(|i| endpoint.answers.push(SocketAddr::from(([10, 0, 0, 1], i))));
        assert_eq!(drain(&mut endpoint).len(), MAX_ADDRESSES);
        assert_eq!(now(&mut endpoint), Poll::Ready(None));
    }

    /// Row 45: families take turns before the list is cut (RFC 8305 §4 and §5).
    #[test]
    fn a_flood_of_one_family_does_not_crowd_the_other_out() {
        let mut endpoint = complete(&[]);
        let flood = (1..=10_000).map(|i| SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, i], 1)));
        flood.for_each(|addr| endpoint.answers.push(addr));
        endpoint.answers.push(addr("1.0.0.1:1"));
        let order = drain(&mut endpoint);
        assert_eq!(
            (order.len(), order[1].as_str()),
            (MAX_ADDRESSES, "1.0.0.1:1")
        );
    }

    #[test]
    fn addresses_of_another_family_are_left_out_and_not_waited_for() {
        let both = ["[::1]:1", "1.0.0.1:1"];
        let [mut of_v4, mut of_v6] = [Answers::default(), Answers::default()];
        (of_v4.family, of_v6.family) = (Family::V4, Family::V6);
        let mut v4 = endpoint(of_v4, &both);
        assert_eq!(drain(&mut v4), ["1.0.0.1:1"]);
        let mut v6 = endpoint(of_v6, &both);
        assert_eq!(drain(&mut v6), ["[::1]:1"]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_failed_comes_last_and_waits_for_another() {
        let memory = Memory::default();
        for failed in ["[::1]:1", "1.0.0.1:1"] {
            memory.put(None, Some(addr(failed)), true);
        }
        let mut late = endpoint(Answers::default(), &["[::1]:1", "1.0.0.1:1"]);
        let first = (Some("[::1]:1".to_owned()), 50);
        assert_eq!(next(&mut late, &memory).await, first);

        let mut endpoint = endpoint(Answers::default(), &["[::1]:1", "1.0.0.1:1"]);
        let cx = &mut Context::from_waker(Waker::noop());
        assert_eq!(endpoint.poll_next(cx, &memory), Poll::Pending);
        endpoint.answers.push(addr("1.0.0.2:1"));
        for (expected, after) in [("1.0.0.2:1", 0), ("[::1]:1", 50), ("1.0.0.1:1", 0)] {
            let expected = (Some(expected.to_owned()), after);
            assert_eq!(next(&mut endpoint, &memory).await, expected);
        }
        assert_eq!(endpoint.poll_next(cx, &memory), Poll::Pending);
    }

    #[tokio::test(start_paused = true)]
    async fn among_failed_addresses_the_resolvers_first_family_goes_first() {
        let memory = Memory::default();
        let found = ["1.0.0.1:1", "[::1]:1"];
        for failed in found {
            memory.put(None, Some(addr(failed)), true);
        }
        let mut endpoint = endpoint(Answers::default(), &found);
        for (expected, after) in found.into_iter().zip([50, 0]) {
            let expected = (Some(expected.to_owned()), after);
            assert_eq!(next(&mut endpoint, &memory).await, expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_tried_before_the_first_answer() {
        let mut endpoint = endpoint(Answers::default(), &[]);
        tokio::time::advance(RESOLUTION_DELAY * 2).await;
        assert_eq!(now(&mut endpoint), Poll::Pending);
        endpoint.lookup = None;
        assert_eq!(now(&mut endpoint), Poll::Ready(None));
    }
}
