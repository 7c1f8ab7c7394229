//! Where the spread of hints, renewals and ages comes from.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::Instant;

/// A random duration of up to `most`, drawn each time from the system's randomness, the process and the clock.
///
/// No generator is kept, so forked workers, and containers in which every process has the same number, draw
/// different ones.
pub(crate) fn up_to(most: Duration) -> Duration {
    // WebAssembly has no processes, and asking for the number of one panics.
    let process = (!cfg!(target_family = "wasm")).then(std::process::id);
    // 53 bits, as many as an `f64` holds.
    let bits = RandomState::new().hash_one((process, Instant::now())) >> 11;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    let unit = bits as f64 / (1_u64 << 53) as f64;
    // Less than 1, so that the product is less than the longest duration.
    most.mul_f64(unit)
}
