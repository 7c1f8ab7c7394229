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
        Loop {
            name: $name,
            ready: || Box::pin($module::$run::<false>()),
            suspends: || Box::pin($module::$run::<true>()),
        }
    };
}

/// Every loop that is measured: the hand-written ones, ours, the peers'.
pub const LOOPS: &[Loop] = &[
    candidate!("bare, flat", bare::flat),
    candidate!("bare, flat, a cause as text", bare::flat_with_a_text),
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
];

/// A retry loop around one and the same operation, told to wait for no time at all.
#[derive(Debug, Clone, Copy)]
pub struct Loop {
    /// The crate, or the way it is written by hand.
    pub name: &'static str,
    ready: fn() -> Retried,
    suspends: fn() -> Retried,
}

/// A loop that has not run yet.
pub type Retried = Pin<Box<dyn Future<Output = ()>>>;

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
    /// the runtime's own work is not measured.
    pub fn drive(&self, runtime: &Runtime, mut future: Retried) {
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
