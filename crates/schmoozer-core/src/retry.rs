use std::fmt;
use std::time::Duration;

use crate::{Failure, RetryResult, random};

/// Decides after each failure with a delay policy: when to try again, or to give up. Most connectors use this in
/// `retry_delay`.
///
/// A delay policy, or *policy*, is any `Clone + IntoIterator<Item = Duration>`: a policy of `schmoozer-backoff`, a
/// strategy of another crate, or an array of durations. Each outage starts the policy from its beginning. When the
/// policy has no more delays (`None`), the decision is to give up. The loop decides when an outage begins and ends: see
/// [`Lifecycle`](crate::Lifecycle).
///
/// | setting | default | bounds |
/// |---|---|---|
/// | [`give_up_after`](Self::give_up_after) | never | with zero, the decision at the first failure is to give up |
/// | [`from_start`](Self::from_start) | off | none |
/// | [`hint_at_most`](Self::hint_at_most) | 5 min | any duration |
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
    /// The remaining delays of the policy in this outage.
    rest: Option<P::IntoIter>,
    give_up_after: Option<Duration>,
    from_start: bool,
    hint_at_most: Duration,
}

impl<P: Clone + IntoIterator<Item = Duration>> Retry<P> {
    /// Takes delays from `policy`, with the defaults in the table above.
    pub const fn new(policy: P) -> Self {
        Self {
            policy,
            rest: None,
            give_up_after: None,
            from_start: false,
            hint_at_most: Duration::from_secs(300),
        }
    }

    /// Gives up when an outage is too long. No attempt begins later than `outage` after the first failure of the
    /// outage.
    ///
    /// The limit is checked only after a failure. If the next attempt would begin too late, the loop gives up without
    /// waiting, so it may give up one delay earlier. An attempt in progress is not interrupted. Time offline does not
    /// count.
    pub const fn give_up_after(mut self, outage: Duration) -> Self {
        self.give_up_after = Some(outage);
        self
    }

    /// Counts each delay from the start of the failed attempt instead of from its failure. So the time of a slow
    /// connect is part of the delay.
    ///
    /// If a connection was up for longer than the delay, the next attempt starts at once. For many clients of one
    /// server, add a [`Pacer`](crate::Pacer) or leave this setting off. Do not use it with `Rounds` of
    /// `schmoozer-backoff`. Clients that were connected for longer than a round would all attempt at once, because
    /// their random times within the round would have no effect. The source is the gRPC Connection Backoff Protocol.
    pub const fn from_start(mut self) -> Self {
        self.from_start = true;
        self
    }

    /// Limits the delay that a server asks for in a hint, so that no server can keep a client waiting forever.
    pub const fn hint_at_most(mut self, delay: Duration) -> Self {
        self.hint_at_most = delay;
        self
    }

    /// Returns the delay until the next attempt after `failure`. Returns [`GiveUp`](RetryResult::GiveUp) with the cause
    /// if the policy has ended or the outage is too long.
    pub fn on_failure<E>(&mut self, failure: Failure<E>) -> RetryResult<E> {
        self.on_failure_asked(failure, None)
    }

    /// Decides like [`on_failure`](Self::on_failure), but uses the hint `asked`, the delay that the server asks for,
    /// instead of the policy's delay.
    ///
    /// A delay of the policy is used up too, so a limit on retries holds. A hint is first limited to
    /// [`hint_at_most`](Self::hint_at_most). Then a random 0 to 10 % is added. So clients do not all return at one
    /// moment when the server asks all of them for one delay.
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
        let is_over = |limit: Duration| ends > limit || limit.is_zero();
        if self.give_up_after.is_some_and(is_over) {
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
