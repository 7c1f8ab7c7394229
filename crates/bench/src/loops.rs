use std::fmt;
use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Waker};

use tokio::runtime::Runtime;

#[cfg(feature = "peers")]
use crate::peers;
use crate::{bare, ours, set_attempts};

macro_rules! candidate {
    ($name:literal, $module:ident::$run:ident) => {
        candidate!($name, $module::$run, needs_timer: false)
    };
    ($name:literal, $module:ident::$run:ident, needs_timer: $timer:literal) => {
        Loop {
            name: $name,
            needs_timer: $timer,
            ready: || Box::pin($module::$run::<false>()),
            suspends: || Box::pin($module::$run::<true>()),
        }
    };
}

/// Every loop that is measured: the hand-written ones, ours, the peers'.
pub const LOOPS: &[Loop] = &[
    candidate!("bare, flat", bare::flat),
    candidate!("bare, flat, a clock read", bare::flat_with_a_clock_read),
    candidate!("bare, flat, a cause as text", bare::flat_with_a_text),
    candidate!("bare, three methods", bare::over_three_methods),
    candidate!("bare, cooperative", bare::cooperative),
    candidate!("bare, cooperative, timed", bare::timed),
    candidate!("bare, cooperative, recorded", bare::recorded),
    candidate!("schmoozer-core run", ours::run),
    candidate!("schmoozer-core run, Retry", ours::with_retry),
    candidate!("schmoozer-core retry", ours::retry),
    candidate!("schmoozer-core Pacer, flat", ours::flat_with_a_pacer),
    candidate!("schmoozer-core Runner", ours::runner),
    candidate!("schmoozer-core Runner, observer", ours::with_observer),
    candidate!("schmoozer-core Runner, handle", ours::with_handle),
    candidate!("schmoozer-core Runner, options", ours::with_options),
    #[cfg(feature = "peers")]
    candidate!("schmoozer 0.4.1", peers::schmoozer),
    #[cfg(feature = "peers")]
    candidate!("backon, no sleep", peers::backon),
    #[cfg(feature = "peers")]
    candidate!("backoff, no sleep", peers::backoff),
    #[cfg(feature = "peers")]
    candidate!("tower retry", peers::tower),
    #[cfg(feature = "peers")]
    candidate!("tokio-retry", peers::tokio_retry, needs_timer: true),
    #[cfg(feature = "peers")]
    candidate!("tokio-retry2", peers::tokio_retry2, needs_timer: true),
];

/// A retry loop around one and the same operation, told to wait for no time at all.
#[derive(Clone, Copy)]
pub struct Loop {
    /// The crate, or the way it is written by hand.
    pub name: &'static str,
    /// Whether it hands even a zero delay to the timer, and takes a millisecond for it.
    pub needs_timer: bool,
    ready: fn() -> Retried,
    suspends: fn() -> Retried,
}

type Retried = Pin<Box<dyn Future<Output = ()>>>;

/// What the operation that is retried does when it is polled first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// It fails at once.
    Ready,
    /// It suspends once, as a connect does, and fails when it is polled again.
    Suspends,
}

impl Loop {
    /// Makes the future that runs this loop for `attempts` attempts of this thread.
    #[must_use]
    pub fn start(&self, operation: Operation, attempts: u64) -> Retried {
        set_attempts(attempts);
        match operation {
            Operation::Ready => (self.ready)(),
            Operation::Suspends => (self.suspends)(),
        }
    }

    /// Runs a future that [`start`](Self::start) made to its end: in `runtime`'s context but polled by hand, so that
    /// the runtime's own work is not measured; by `runtime` where it takes a timer that goes on.
    pub fn drive(&self, runtime: &Runtime, mut future: Retried) {
        if self.needs_timer {
            return runtime.block_on(future);
        }
        let _entered = runtime.enter();
        let mut context = Context::from_waker(Waker::noop());
        // The optimizer must not see through it.
        while black_box(&mut future)
            .as_mut()
            .poll(&mut context)
            .is_pending()
        {}
    }
}

impl fmt::Debug for Loop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loop")
            .field("name", &self.name)
            .field("needs_timer", &self.needs_timer)
            .finish_non_exhaustive()
    }
}
