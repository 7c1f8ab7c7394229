use std::fmt;
use std::time::Duration;

use crate::{Failure, RetryResult, random};

/// Decides on failures by a delay policy: what most connectors' `retry_delay` does.
///
/// A policy is anything that is `Clone + IntoIterator<Item = Duration>`: one of `schmoozer-backoff`, another crate's
/// strategy, or an array of durations. Each outage draws a fresh iteration of it, and its end (`None`) means to give
/// up. The loop decides what an outage is: see [`Lifecycle`](crate::Lifecycle).
///
/// | setting | default | bounds |
/// |---|---|---|
/// | [`give_up_after`](Self::give_up_after) | never | zero gives up at the first failure |
/// | [`from_start`](Self::from_start) | off | |
/// | [`hint_at_most`](Self::hint_at_most) | 5 min | any |
///
/// # Examples
///
/// ```
/// use std::{io, time::Duration};
/// use schmoozer_core::{ConnResult, Connector, Failure, Retry, RetryResult, RunResult, Session};
///
/// struct Link { retry: Retry<[Duration; 3]> }
///
/// impl Connector for Link {
///     # type Connection = ();
///     type Error = io::Error;
///     # async fn connect(&mut self) -> ConnResult<(), io::Error> { ConnResult::Connected(()) }
///     # async fn run(&mut self, _: (), _: Session) -> RunResult<io::Error> { RunResult::Exit(Ok(())) }
///     // …
///     async fn retry_delay(&mut self, failure: Failure<io::Error>) -> RetryResult<io::Error> {
///         self.retry.on_failure(failure)
///     }
/// }
///
/// let retry = Retry::new([1, 5, 30].map(Duration::from_secs)).give_up_after(Duration::from_secs(600));
/// # let _ = Link { retry };
/// ```
#[must_use]
pub struct Retry<P: IntoIterator> {
    policy: P,
    /// What is left of the policy in this outage.
    rest: Option<P::IntoIter>,
    give_up_after: Option<Duration>,
    from_start: bool,
    hint_at_most: Duration,
}

impl<P: Clone + IntoIterator<Item = Duration>> Retry<P> {
    /// Draws from `policy`, with the defaults in the table above.
    pub const fn new(policy: P) -> Self {
        Self {
            policy,
            rest: None,
            give_up_after: None,
            from_start: false,
            hint_at_most: Duration::from_secs(300),
        }
    }

    /// Gives up when an outage lasts: no attempt begins later than this after its first failure.
    ///
    /// This is looked at only when something fails. A delay that no longer fits ends the retries, so the loop may give
    /// up one delay earlier. An attempt under way is not cut short. Time offline does not count.
    pub const fn give_up_after(mut self, outage: Duration) -> Self {
        self.give_up_after = Some(outage);
        self
    }

    /// Counts each of the policy's delays from the start of the attempt that failed, not from its failure, so that a
    /// slow connect is not waited for twice.
    ///
    /// A connection that was up for longer than its delay is dialed again at once. For many clients of one server, add
    /// a [`Pacer`](crate::Pacer) or leave it off. It excludes `Rounds` of `schmoozer-backoff`: clients that were connected
    /// for longer than a round would all attempt at once, and their places in it be lost. Source: gRPC Connection Backoff
    /// Protocol.
    pub const fn from_start(mut self) -> Self {
        self.from_start = true;
        self
    }

    /// Limits the delay that a hint may ask for, so that no server can park a client for good.
    pub const fn hint_at_most(mut self, delay: Duration) -> Self {
        self.hint_at_most = delay;
        self
    }

    /// Decides on `failure`: the delay until the next attempt, or [`GiveUp`](RetryResult::GiveUp) with the cause when
    /// the policy has ended or the outage lasts too long.
    pub fn on_failure<E>(&mut self, failure: Failure<E>) -> RetryResult<E> {
        self.on_failure_asked(failure, None)
    }

    /// Decides on `failure` as [`on_failure`](Self::on_failure) does, but with the delay that the server has `asked` for
    /// in place of the policy's.
    ///
    /// The policy is drawn from all the same, so a limit on retries holds. A hint is limited to
    /// [`hint_at_most`](Self::hint_at_most) first. Then up to 10 % is added at random, so that the clients of a server
    /// that asks all of them for the same delay do not return in one moment.
    pub fn on_failure_asked<E>(
        &mut self,
        failure: Failure<E>,
        asked: Option<Duration>,
    ) -> RetryResult<E> {
        if failure.attempt <= 1 {
            self.rest = None;
        }
        let policy = &self.policy;
        let rest = self.rest.get_or_insert_with(|| policy.clone().into_iter());
        let Some(mut delay) = rest.next() else {
            return RetryResult::GiveUp(failure.cause);
        };
        if self.from_start {
            delay = delay.saturating_sub(failure.elapsed);
        }
        if let Some(asked) = asked {
            let asked = asked.min(self.hint_at_most);
            delay = asked.saturating_add(random::up_to(asked / 10));
        }
        let ends = failure.outage.saturating_add(delay);
        if self
            .give_up_after
            .is_some_and(|limit| ends > limit || limit.is_zero())
        {
            return RetryResult::GiveUp(failure.cause);
        }
        RetryResult::After(delay)
    }
}

impl<P: Clone + IntoIterator<Item = Duration>> From<P> for Retry<P> {
    fn from(policy: P) -> Self {
        Self::new(policy)
    }
}

impl<P: IntoIterator + fmt::Debug> fmt::Debug for Retry<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("policy", &self.policy)
            .field("give_up_after", &self.give_up_after)
            .field("from_start", &self.from_start)
            .field("hint_at_most", &self.hint_at_most)
            .finish_non_exhaustive()
    }
}
