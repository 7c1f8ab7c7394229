use std::future::Future;
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
    /// When the next attempt is due, in nanoseconds since the start. Changed only by who has the turn.
    due: AtomicU64,
    /// One permit, handed on in the order of asking.
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
    /// # Cancel safety
    ///
    /// A dropped wait uses nothing up: the next in line takes its place.
    pub async fn admit(&self) {
        let Shared {
            start,
            interval,
            ahead,
            ref due,
            ref turn,
        } = *self.shared;
        // The semaphore is never closed; if it were, the attempt would go ahead unpaced.
        let _turn = turn.acquire().await;
        loop {
            let now = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
            let next = due.load(Ordering::Relaxed);
            let earliest = next.saturating_sub(ahead);
            if now >= earliest {
                due.store(next.max(now).saturating_add(interval), Ordering::Relaxed);
                return;
            }
            sleep_until(start + Duration::from_nanos(earliest)).await;
        }
    }
}

/// What lets an attempt begin. `()` does at once, at no cost.
pub(crate) trait Pace: Send + Sync {
    /// Whether there is a pacer.
    const SET: bool = true;

    /// Waits until the attempt may begin, and answers how long that took.
    fn pace(&self) -> impl Future<Output = Duration> + Send;
}

impl Pace for () {
    const SET: bool = false;

    async fn pace(&self) -> Duration {
        Duration::ZERO
    }
}

impl Pace for Pacer {
    async fn pace(&self) -> Duration {
        let asked = Instant::now();
        self.admit().await;
        asked.elapsed()
    }
}
