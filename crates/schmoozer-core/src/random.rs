//! Where the spread of hints, renewals and ages comes from.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::Instant;

/// A random number from 0 to 1, drawn each time from the system's randomness, the process and the clock.
///
/// No generator is kept, so forked workers, and containers in which every process has the same number, draw
/// different ones.
pub(crate) fn unit() -> f64 {
    // 53 bits, as many as an `f64` holds.
    let bits = RandomState::new().hash_one((process(), Instant::now())) >> 11;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let unit = bits as f64 / (1_u64 << 53) as f64;
    unit
}

/// A random duration of up to `most`.
pub(crate) fn up_to(most: Duration) -> Duration {
    // Never more than `most`, and an `f64` of seconds holds every duration.
    Duration::try_from_secs_f64(most.as_secs_f64() * unit()).unwrap_or(most)
}

#[cfg(not(target_family = "wasm"))]
fn process() -> u32 {
    std::process::id()
}

/// Has no processes.
#[cfg(target_family = "wasm")]
fn process() -> u32 {
    0
}
