use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

use crate::shared::after;

/// Spaces out the attempts of many connectors: at most N a second, with a burst of B.
///
/// A program with a thousand links that lose one server at once must not dial a thousand times in one moment. Give each
/// runner a clone of one pacer: in any stretch of time `t` they begin at most `rate × t + burst` attempts together,
/// first come, first served, over all runtimes of the process.
///
/// An attempt counts from the moment in which it is let through. Tokio's timer is exact to 1 ms and may be 1 ms late, so
/// a pacer reaches its rate if its burst covers 2 ms of it: a burst of 3 for 1,000 a second. With a burst of 1, a wait
/// that ends late is not made up for, and the rate is one attempt in `interval + 1 ms`, rounded up to a millisecond.
///
/// Source: the generic cell rate algorithm (ITU-T I.371), applied to when an attempt is let through and not to when it
/// was asked for, so that the bound holds however late a task is polled.
///
/// # Examples
///
/// ```
/// use schmoozer_core::{Pacer, Runner, connector_fn};
/// # use std::{convert::Infallible, time::Duration};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let pacer = Pacer::per_second(100).burst(10)?;
/// # use schmoozer_core::End;
/// # let connector = connector_fn(async || Ok::<_, Infallible>(()), async |(), _| Ok(End::Exit), [Duration::ZERO]);
/// Runner::new(connector).pacer(pacer.clone()).run().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Pacer {
    shared: Arc<Shared>,
}

/// The longest interval.
const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);

#[derive(Debug)]
struct Shared {
    interval: Duration,
    /// How far ahead of its time an attempt may come.
    ahead: Duration,
    made: Instant,
    /// When all attempts until now will have waited for their time, since the pacer was made: not every system's clock can
    /// say centuries.
    paid: Mutex<Duration>,
    /// One permit, handed on in the order of asking; there while nothing waits.
    turn: Semaphore,
}

/// The rate of a [`Pacer`]; [`burst`](Rate::burst) makes the pacer.
#[derive(Debug, Clone, Copy)]
#[must_use = "`burst` makes the pacer"]
pub struct Rate(u32);

impl Rate {
    /// Makes a pacer that lets through up to `attempts` at once after a quiet time.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidPacer`] when the rate or `attempts` is zero.
    pub fn burst(self, attempts: u32) -> Result<Pacer, InvalidPacer> {
        if self.0 == 0 {
            return Err(InvalidPacer(
                "a pacer's rate is 0 attempts a second, and must be at least 1",
            ));
        }
        // Rounded up: the rate is never passed.
        let interval = 1_000_000_000_u64.div_ceil(self.0.into());
        Pacer::every(Duration::from_nanos(interval), attempts)
    }
}

/// Why there is no such [`Pacer`]: one of its numbers is zero. The text says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidPacer(&'static str);

impl fmt::Display for InvalidPacer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for InvalidPacer {}

impl Pacer {
    /// Lets through `attempts` a second: `Pacer::per_second(100).burst(10)`.
    pub const fn per_second(attempts: u32) -> Rate {
        Rate(attempts)
    }

    /// Lets through one attempt each `interval`, for rates under one a second, and up to `burst` at once after a quiet
    /// time. An interval of more than a century counts as one.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidPacer`] when either is zero.
    pub fn every(interval: Duration, burst: u32) -> Result<Self, InvalidPacer> {
        if interval.is_zero() {
            return Err(InvalidPacer(
                "a pacer's interval is zero, and must be longer",
            ));
        }
        if burst == 0 {
            return Err(InvalidPacer(
                "a pacer's burst is 0 attempts, and must be at least 1",
            ));
        }
        let interval = interval.min(CENTURY);
        Ok(Self {
            shared: Arc::new(Shared {
                interval,
                ahead: interval * (burst - 1),
                made: Instant::now(),
                paid: Mutex::default(),
                turn: Semaphore::new(1),
            }),
        })
    }

    /// Waits until one more attempt may begin. For loops of your own; [`Runner::pacer`](crate::Runner::pacer) does it
    /// before each `connect`.
    ///
    /// # Panics
    ///
    /// Panics when it has to wait outside a tokio runtime with its time driver enabled.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a dropped wait uses nothing up, and the next in line takes its place. A wait that is kept and no
    /// longer polled holds up those behind it, as with any fair queue.
    pub async fn admit(&self) {
        // The semaphore is never closed; if it were, the attempt would go ahead out of turn.
        let _turn = self.shared.turn.acquire().await;
        while let Err(earliest) = self.take(true) {
            sleep_until(earliest).await;
        }
    }

    /// Lets an attempt through now, or says when it may come at the earliest. Does not pass those in line.
    pub(crate) fn try_admit(&self) -> Result<(), Instant> {
        let turn = self.shared.turn.try_acquire();
        self.take(turn.is_ok())
    }

    /// Lets through an attempt that has the turn, if it is time. Returns the earliest time otherwise.
    fn take(&self, has_turn: bool) -> Result<(), Instant> {
        let shared = &*self.shared;
        let mut paid = shared.paid.lock().unwrap_or_else(PoisonError::into_inner);
        // Read while no other attempt can be let through.
        let now = shared.made.elapsed();
        let due = now.max(*paid);
        if has_turn && due <= now + shared.ahead {
            *paid = due + shared.interval;
            return Ok(());
        }
        let early = due.saturating_sub(shared.ahead);
        Err(after(shared.made, now.max(early)))
    }
}
