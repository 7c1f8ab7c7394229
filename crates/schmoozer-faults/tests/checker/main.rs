//! What the checker of a run lets pass, and what it refuses.
#![cfg(feature = "schmoozer")]

mod agreement;
mod decisions;
mod events;
#[cfg(feature = "tracing")]
mod logs;
#[cfg(feature = "metrics")]
mod metrics;
mod requests;

use std::time::Duration;

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
