use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::Instant;

use crate::{Failure, Health, Hint, NoHint, RetryResult};

/// Draws delays from a policy across one outage: what most connectors' `retry_delay` is.
///
/// A policy is anything that is `Clone + IntoIterator<Item = Duration>`: one of `schmoozer-backoff`,
/// another crate's strategy, or an array of durations. Each outage draws a fresh iteration of it, and
/// its end (`None`) means to give up.
///
/// **Only a connection that lasted ends an outage.** One that breaks before
/// [`reset_after`](Self::reset_after) counts as one more failure, so a server that accepts and closes
/// at once meets growing delays and a give-up time that goes on counting.
///
/// | setting | default | bounds |
/// |---|---|---|
/// | [`reset_after`](Self::reset_after) | 10 s | any |
/// | [`give_up_after`](Self::give_up_after) | never | zero gives up at the first failure |
/// | [`at_least`](Self::at_least) | 10 ms | zero allows a loop without a wait |
/// | [`from_start`](Self::from_start) | off | |
/// | [`hint`](Self::hint) | none | |
/// | [`hint_at_most`](Self::hint_at_most) | 5 min | any |
///
/// # Examples
///
/// ```
/// use std::{io, time::Duration};
/// use schmoozer_core::{ConnResult, Connector, Delays, Failure, RetryResult, RunResult};
///
/// struct Link { delays: Delays<[Duration; 3]> }
///
/// impl Connector for Link {
///     # type Connection = ();
///     type Error = io::Error;
///     # async fn connect(&mut self) -> ConnResult<(), io::Error> { ConnResult::Connected(()) }
///     # async fn run(&mut self, _: ()) -> RunResult<io::Error> { RunResult::Exit(Ok(())) }
///     // …
///     async fn retry_delay(&mut self, failure: Failure<io::Error>) -> RetryResult<io::Error> {
///         self.delays.on_failure(failure)
///     }
/// }
///
/// let delays = Delays::new([1, 5, 30].map(Duration::from_secs))
///     .reset_after(Duration::from_secs(60))
///     .give_up_after(Duration::from_secs(600));
/// # let _ = Link { delays };
/// ```
#[must_use]
pub struct Delays<P: IntoIterator, H = NoHint> {
    policy: P,
    /// What is left of the policy in this outage.
    rest: Option<P::IntoIter>,
    /// When this outage's first failure was; kept only for `give_up_after`.
    since: Option<Instant>,
    reset_after: Duration,
    give_up_after: Option<Duration>,
    at_least: Duration,
    from_start: bool,
    hint: H,
    hint_at_most: Duration,
    health: OnceLock<Health>,
}

impl<P: Clone + IntoIterator<Item = Duration>> Delays<P> {
    /// Draws from `policy`, with the defaults in the table above.
    pub const fn new(policy: P) -> Self {
        Self {
            policy,
            rest: None,
            since: None,
            reset_after: Duration::from_secs(10),
            give_up_after: None,
            at_least: Duration::from_millis(10),
            from_start: false,
            hint: NoHint,
            hint_at_most: Duration::from_secs(300),
            health: OnceLock::new(),
        }
    }
}

impl<P: Clone + IntoIterator<Item = Duration>, H> Delays<P, H> {
    /// A connection that was up this long ends the outage: the next failure starts the policy and
    /// `give_up_after` afresh. Zero lets any connection end it.
    pub const fn reset_after(mut self, uptime: Duration) -> Self {
        self.reset_after = uptime;
        self
    }

    /// Bounds an outage: this long after its first failure the connector gives up.
    ///
    /// The last delay is cut so that one more attempt falls on the end of that time, unless it would come
    /// sooner than [`at_least`](Self::at_least) allows. An attempt under way is not cut short.
    pub const fn give_up_after(mut self, outage: Duration) -> Self {
        self.give_up_after = Some(outage);
        self
    }

    /// Keeps the starts of two attempts at least this far apart, whatever the policy, a hint or a
    /// flapping server would have.
    pub const fn at_least(mut self, interval: Duration) -> Self {
        self.at_least = interval;
        self
    }

    /// Counts each of the policy's delays from the start of the attempt that failed, not from its
    /// failure, so that a slow connect is not waited for twice. A connection that was up for longer than
    /// its delay is dialed again at once: for many clients of one server, add a
    /// [`Pacer`](crate::Pacer) or leave it off.
    ///
    /// Source: gRPC Connection Backoff Protocol.
    pub const fn from_start(mut self) -> Self {
        self.from_start = true;
        self
    }

    /// Takes the delay that the server asks for in an error instead of the policy's.
    ///
    /// The policy is drawn from all the same, so a limit on retries holds. What the server asks for is
    /// kept between [`at_least`](Self::at_least) and [`hint_at_most`](Self::hint_at_most), and within
    /// [`give_up_after`](Self::give_up_after).
    ///
    /// ```
    /// # use std::{fmt, time::Duration};
    /// # use schmoozer_core::{Delays, Failure, RetryResult};
    /// enum Refused { Busy { come_back: Duration }, Closed }
    ///
    /// let mut delays = Delays::new([Duration::from_secs(1); 10]).hint(|cause: &Refused| match cause {
    ///     Refused::Busy { come_back } => Some(*come_back),
    ///     Refused::Closed => None,
    /// });
    /// let busy = Failure::new(Refused::Busy { come_back: Duration::from_secs(30) });
    /// let decision = delays.on_failure(busy);
    /// assert!(matches!(decision, RetryResult::After(delay) if delay == Duration::from_secs(30)));
    /// ```
    pub fn hint<G>(self, hint: G) -> Delays<P, G> {
        Delays {
            policy: self.policy,
            rest: self.rest,
            since: self.since,
            reset_after: self.reset_after,
            give_up_after: self.give_up_after,
            at_least: self.at_least,
            from_start: self.from_start,
            hint,
            hint_at_most: self.hint_at_most,
            health: self.health,
        }
    }

    /// Bounds what a [`hint`](Self::hint) may ask for, so that no server can park a client for good.
    pub const fn hint_at_most(mut self, delay: Duration) -> Self {
        self.hint_at_most = delay;
        self
    }

    /// Hands out the mark by which the application says that its connection counts as good, before
    /// [`reset_after`](Self::reset_after) has passed. Allocates on the first call.
    pub fn health(&self) -> Health {
        self.health
            .get_or_init(Health::default)
            .clone()
            .reset_after(self.reset_after)
    }

    /// Decides on `failure`: the delay until the next attempt, or `Exit` with the cause when the
    /// policy has ended or the outage has gone on too long.
    pub fn on_failure<E>(&mut self, failure: Failure<E>) -> RetryResult<E>
    where
        H: Hint<E>,
    {
        let marked = self
            .health
            .get()
            .is_some_and(|health| health.take(failure.up()));
        let lasted = failure
            .uptime
            .is_some_and(|uptime| marked || uptime >= self.reset_after);
        if lasted || failure.first {
            self.reset();
        }

        let policy = &self.policy;
        let rest = self.rest.get_or_insert_with(|| policy.clone().into_iter());
        let Some(mut delay) = rest.next() else {
            return RetryResult::Exit(Err(failure.cause));
        };
        if self.from_start {
            let deciding = failure.at.map_or(Duration::ZERO, |at| at.elapsed());
            delay = delay
                .saturating_sub(failure.elapsed)
                .saturating_sub(deciding);
        }
        // The server counts from when it asked, which is now.
        if let Some(asked) = self.hint.delay(&failure.cause) {
            delay = asked.min(self.hint_at_most);
        }
        let floor = self.at_least.saturating_sub(failure.elapsed);
        if let Some(limit) = self.give_up_after {
            let found = || failure.at.unwrap_or_else(Instant::now);
            let since = *self.since.get_or_insert_with(found);
            let left = limit.saturating_sub(since.elapsed());
            if left.is_zero() || left < floor {
                return RetryResult::Exit(Err(failure.cause));
            }
            delay = delay.min(left);
        }
        RetryResult::After(delay.max(floor))
    }

    /// Ends the outage: the next failure is the first of a new one.
    pub fn reset(&mut self) {
        self.rest = None;
        self.since = None;
    }
}

impl<P: Clone + IntoIterator<Item = Duration>> From<P> for Delays<P> {
    fn from(policy: P) -> Self {
        Self::new(policy)
    }
}

impl<P: IntoIterator + fmt::Debug, H> fmt::Debug for Delays<P, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delays")
            .field("policy", &self.policy)
            .field("in_outage", &self.rest.is_some())
            .field("reset_after", &self.reset_after)
            .field("give_up_after", &self.give_up_after)
            .field("at_least", &self.at_least)
            .field("from_start", &self.from_start)
            .field("hint_at_most", &self.hint_at_most)
            .finish_non_exhaustive()
    }
}
