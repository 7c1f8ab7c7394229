//! A program without std that waits by our policies.
//!
//! It has a panic handler of its own, and std brings one too: if anything here needed std, this would not build.

#![no_std]
#![forbid(unsafe_code)]

use core::panic::PanicInfo;
use core::time::Duration;

use schmoozer_backoff::{
    Constant, Decorrelated, Exponential, Fibonacci, Jitter, Linear, Policy, Rounds, Sequence,
    from_fn, stir,
};

/// Draws the delays of every policy and returns the longest, in nanoseconds.
pub extern "C" fn longest(serial_number: u64) -> u64 {
    stir(serial_number);
    let second = Duration::from_secs(1);
    let growing = Exponential::grpc()
        .max_retries(5)
        .then(Fibonacci::new(second).cap(5 * second).max_retries(9));
    let listed = Sequence::new([second, 2 * second])
        .once()
        .jitter(Jitter::Equal);
    let spread = from_fn(|| Linear::new(second).into_iter().take(3))
        .jitter(Jitter::Full)
        .max_total(5 * second);
    let chance = Decorrelated::new(second)
        .seeded(serial_number)
        .max_retries(2);
    let delays = growing
        .into_iter()
        .chain(listed)
        .chain(spread)
        .chain(chance)
        .chain(Rounds::for_fleet(30, 10).max_retries(4));
    let longest = delays
        .chain(Constant::new(second).first_immediate().max_retries(1))
        .max();
    longest.map_or(0, |delay| {
        u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX)
    })
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
