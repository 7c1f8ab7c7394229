//! Random numbers that no two retry sequences share.

use core::sync::atomic::{AtomicUsize, Ordering};

use fastrand::Rng;

/// Counts the sequences of this process. Each takes a number of its own, so that two of them differ even where
/// everything else that goes into their seeds is the same.
static SEQUENCES: AtomicUsize = AtomicUsize::new(0);

/// Stirs `entropy` into the randomness of every sequence that starts from now on.
///
/// With the feature `std` there is no need to: each sequence is seeded from the operating system's randomness.
/// Without it the crate has no entropy at all. The sequences of one process still differ from each other, but two
/// devices that run the same firmware draw the same delays, and come back in the same moment, unless each stirs in
/// something of its own at start-up: a serial number, a MAC address, the noise of an ADC.
///
/// # Examples
///
/// ```
/// let serial_number = 0x0012_4B00_1CA3_77F1;
/// schmoozer_backoff::stir(serial_number);
/// ```
#[expect(
    clippy::cast_possible_truncation,
    reason = "a number as wide as the counter is all it can hold"
)]
pub fn stir(entropy: u64) {
    advance(mix(entropy) as usize);
}

/// A generator for one sequence, unlike that of any other sequence in this process or in a fork of it.
pub(crate) fn fresh() -> Rng {
    Rng::with_seed(seed(thread_random(), advance(1) as u64, process()))
}

/// A generator that only `seed` decides on.
pub(crate) fn seeded(seed: u64) -> Rng {
    Rng::with_seed(mix(seed))
}

/// Draws from `0..count`, each value as likely as any other to within `count / 2⁶⁴`.
#[inline]
pub(crate) fn below(rng: &mut Rng, count: u64) -> u64 {
    ((u128::from(rng.u64(..)) * u128::from(count)) >> 64) as u64
}

/// Folds what tells sequences apart into one seed: the thread's own randomness, the number of the sequence, and the
/// process, since a forked child inherits the first two.
fn seed(thread_random: u64, sequence: u64, process: u32) -> u64 {
    thread_random ^ mix(sequence ^ (u64::from(process) << 32))
}

/// Adds to the count of sequences and returns what it was.
fn advance(by: usize) -> usize {
    #[cfg(target_has_atomic = "ptr")]
    {
        SEQUENCES.fetch_add(by, Ordering::Relaxed)
    }
    // On processors that can only load and store.
    #[cfg(not(target_has_atomic = "ptr"))]
    {
        let before = SEQUENCES.load(Ordering::Relaxed);
        SEQUENCES.store(before.wrapping_add(by), Ordering::Relaxed);
        before
    }
}

fn thread_random() -> u64 {
    #[cfg(feature = "std")]
    {
        Rng::new().u64(..)
    }
    #[cfg(not(feature = "std"))]
    {
        0
    }
}

fn process() -> u32 {
    #[cfg(all(feature = "std", unix))]
    {
        std::process::id()
    }
    #[cfg(not(all(feature = "std", unix)))]
    {
        0
    }
}

/// Spreads every bit of `n` over all bits of the result, one to one (the finalizer of Steele, Lea and Flood's
/// `SplitMix64`, "Fast Splittable Pseudorandom Number Generators", 2014).
const fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    n ^ (n >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_seed_tells_sequences_apart() {
        let same = seed(1, 2, 3);
        assert_ne!(seed(9, 2, 3), same);
        assert_ne!(seed(1, 9, 3), same);
        assert_ne!(seed(1, 2, 9), same);
        // Nor does one part hide another.
        assert_eq!(seed(!1, 2, 3), !same);
        assert_ne!(seed(1, 1 << 32, 1), seed(1, 1 << 32, 0));
    }

    #[test]
    #[cfg(all(feature = "std", unix))]
    fn a_fork_is_another_process() {
        assert_eq!(process(), std::process::id());
    }

    #[test]
    fn bits_are_spread_as_in_the_published_generator() {
        let seed = 1_234_567;
        assert_eq!(mix(seed), 6_457_827_717_110_365_317);
        let next = 0x9E37_79B9_7F4A_7C15_u64.wrapping_add(seed);
        assert_eq!(mix(next), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_draw_reaches_both_ends_of_its_range_and_passes_neither() {
        let mut rng = seeded(1);
        let draws: [u64; 100] = core::array::from_fn(|_| below(&mut rng, 3));
        assert_eq!(draws.iter().min(), Some(&0));
        assert_eq!(draws.iter().max(), Some(&2));
    }

    #[test]
    fn a_draw_from_one_value_is_that_value_and_one_from_all_is_spread_over_all() {
        assert_eq!(below(&mut seeded(5), 1), 0);
        let upper_half = (0..1_000).filter(|&n| below(&mut seeded(n), u64::MAX) > u64::MAX / 2);
        let count = upper_half.count();
        assert!((400..600).contains(&count), "{count} of 1,000");
    }

    #[test]
    #[cfg(feature = "std")]
    fn a_thread_draws_something_else_each_time() {
        assert_ne!(thread_random(), thread_random());
    }

    #[test]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a number as wide as the counter"
    )]
    fn stirred_entropy_moves_the_count_of_sequences() {
        let moved = |entropy| {
            let before = SEQUENCES.load(Ordering::Relaxed);
            stir(entropy);
            SEQUENCES.load(Ordering::Relaxed).wrapping_sub(before)
        };
        // Other tests start sequences at the same time, but not as many.
        for entropy in [1, 2] {
            assert!(
                moved(entropy).wrapping_sub(mix(entropy) as usize) < 1 << 20,
                "{entropy}"
            );
        }
    }
}
