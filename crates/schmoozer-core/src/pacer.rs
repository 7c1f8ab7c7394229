use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

/// Spaces out the attempts of many connectors: at most N a second, with a burst of B.
///
/// A program with a thousand links that lose one server at once must not knock a thousand times in the
/// same moment. Give each runner a clone of one pacer: in any stretch of time `t` they begin at most
/// `rate × t + burst` attempts together, first come, first served.
///
/// Source: the generic cell rate algorithm (ITU-T I.371), applied to when an attempt is let through and
/// not to when it was asked for, so that the bound holds however late a task is polled.
///
/// # Examples
///
/// ```
/// use schmoozer_core::{Pacer, Runner, connector_fn};
/// # use std::{convert::Infallible, time::Duration};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Infallible> {
/// let pacer = Pacer::new(100, 10);
/// # let connector = connector_fn(async || Ok::<_, Infallible>(()), async |()| Ok(()), [Duration::ZERO]);
/// Runner::new(connector).pacer(pacer.clone()).run().await
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Pacer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    start: Instant,
    /// Nanoseconds between two attempts.
    interval: u64,
    /// How far ahead of its time an attempt may come, in nanoseconds.
    ahead: u64,
    /// When the next attempt is due, in nanoseconds since the start.
    due: AtomicU64,
    /// One permit, handed on in the order of asking; there while nobody waits.
    turn: Semaphore,
}

impl Pacer {
    /// Lets through `per_second` attempts a second, and up to `burst` at once after a quiet time.
    ///
    /// # Panics
    ///
    /// When either is zero.
    #[must_use]
    pub fn new(per_second: u32, burst: u32) -> Self {
        assert!(
            per_second > 0,
            "a pacer lets through at least one attempt a second"
        );
        // Rounded up: the rate is never passed.
        let interval = 1_000_000_000_u64.div_ceil(u64::from(per_second));
        Self::every(Duration::from_nanos(interval), burst)
    }

    /// Lets through one attempt each `interval`, for rates under one a second, and up to `burst` at once
    /// after a quiet time. Intervals over 100 years count as 100 years.
    ///
    /// # Panics
    ///
    /// When either is zero.
    #[must_use]
    pub fn every(interval: Duration, burst: u32) -> Self {
        const CENTURY: u64 = 100 * 365 * 86_400 * 1_000_000_000;
        assert!(!interval.is_zero(), "a pacer's interval is not zero");
        assert!(burst > 0, "a pacer's burst is at least one attempt");
        let interval =
            u64::try_from(interval.as_nanos()).map_or(CENTURY, |nanos| nanos.min(CENTURY));
        Self {
            shared: Arc::new(Shared {
                start: Instant::now(),
                interval,
                ahead: interval.saturating_mul(u64::from(burst - 1)),
                due: AtomicU64::new(0),
                turn: Semaphore::new(1),
            }),
        }
    }

    /// Waits until one more attempt may begin. For loops of one's own;
    /// [`Runner::pacer`](crate::Runner::pacer) does it before each `connect`.
    ///
    /// # Panics
    ///
    /// When it has to wait outside a tokio runtime with its time driver enabled.
    ///
    /// # Cancel safety
    ///
    /// A dropped wait uses nothing up: the next in line takes its place. One that is kept and no longer polled holds up
    /// those behind it, as with any fair queue.
    pub async fn admit(&self) {
        self.admit_from(Instant::now()).await;
    }

    /// Waits from `now` on, and answers when the attempt may begin.
    pub(crate) async fn admit_from(&self, now: Instant) -> Instant {
        let Shared { start, turn, .. } = &*self.shared;
        // Who finds nobody in line needs no turn.
        if turn.available_permits() > 0 && self.take(now).is_ok() {
            return now;
        }
        // The semaphore is never closed; if it were, the attempt would go ahead out of turn.
        let _turn = turn.acquire().await;
        loop {
            let now = Instant::now();
            match self.take(now) {
                Ok(()) => return now,
                Err(earliest) => sleep_until(*start + earliest).await,
            }
        }
    }

    /// Lets an attempt through at `now`, or says how long after the start it may come.
    fn take(&self, now: Instant) -> Result<(), Duration> {
        let Shared {
            start,
            interval,
            ahead,
            ref due,
            ..
        } = *self.shared;
        let now = u64::try_from((now - start).as_nanos()).unwrap_or(u64::MAX);
        let mut next = due.load(Ordering::Relaxed);
        loop {
            let earliest = next.saturating_sub(ahead);
            if now < earliest {
                return Err(Duration::from_nanos(earliest));
            }
            let Some(then) = next.max(now).checked_add(interval) else {
                // Its time is past the end of this clock, 584 years on.
                return Err(Duration::from_nanos(u64::MAX));
            };
            match due.compare_exchange_weak(next, then, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(changed) => next = changed,
            }
        }
    }
}
