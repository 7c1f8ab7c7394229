//! Random numbers that no two retry sequences share.

use core::sync::atomic::{AtomicUsize, Ordering};

use fastrand::Rng;

/// Counts the sequences of this process. Each takes a number of its own, so that two of them differ even where
/// everything else that goes into their seeds is the same.
static SEQUENCES: AtomicUsize = AtomicUsize::new(0);

/// What was stirred in, in two halves: not every processor has atomics of 64 bits.
static STIRRED: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];

/// Stirs `entropy` into the randomness of every sequence that starts from now on.
///
/// With the feature `std` there is no need to: the operating system seeds each process, see
/// [Where randomness comes from](crate#where-randomness-comes-from). Without it the crate has no entropy at all. The
/// sequences of one device still differ from each other, but two devices that run the same firmware draw the same
/// delays, and come back in the same moment. Stir in, at start-up, what tells them apart: a serial number, a MAC
/// address, the noise of an ADC. Further calls add to what is there.
///
/// # Examples
///
/// ```
/// let serial_number = 0x0012_4B00_1CA3_77F1;
/// schmoozer_backoff::stir(serial_number);
/// ```
#[expect(
    clippy::cast_possible_truncation,
    reason = "each word takes the half that it has room for"
)]
pub fn stir(entropy: u64) {
    let mixed = mix(stirred() ^ entropy);
    STIRRED[0].store(mixed as usize, Ordering::Relaxed);
    STIRRED[1].store((mixed >> 32) as usize, Ordering::Relaxed);
}

fn stirred() -> u64 {
    let [low, high] = [0, 1].map(|half: usize| STIRRED[half].load(Ordering::Relaxed) as u64);
    (high << 32) | (low & 0xFFFF_FFFF)
}

/// A generator for one sequence, unlike that of any other sequence in this process or in a fork of it.
pub(crate) fn fresh() -> Rng {
    let entropy = process_random() ^ stirred();
    Rng::with_seed(seed(entropy, count() as u64, process()))
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

/// Folds what tells sequences apart into one seed: the entropy of the process, the number of the sequence, and the
/// process, since a forked child inherits the first two.
const fn seed(entropy: u64, sequence: u64, process: u32) -> u64 {
    entropy ^ mix(sequence ^ ((process as u64) << 32))
}

/// Counts one more sequence, and returns how many there were.
fn count() -> usize {
    #[cfg(target_has_atomic = "ptr")]
    {
        SEQUENCES.fetch_add(1, Ordering::Relaxed)
    }
    // On processors that can only load and store.
    #[cfg(not(target_has_atomic = "ptr"))]
    {
        let before = SEQUENCES.load(Ordering::Relaxed);
        SEQUENCES.store(before.wrapping_add(1), Ordering::Relaxed);
        before
    }
}

/// Randomness of the operating system, drawn once in each process; a forked child inherits it.
#[cfg(feature = "std")]
fn process_random() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    use std::sync::OnceLock;

    static RANDOM: OnceLock<u64> = OnceLock::new();
    *RANDOM.get_or_init(|| RandomState::new().hash_one(0_u8))
}

#[cfg(not(feature = "std"))]
const fn process_random() -> u64 {
    0
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
    fn what_is_stirred_in_stays_and_adds_up() {
        let before = stirred();
        stir(1);
        let once = stirred();
        stir(1);
        assert!(before != once && once != stirred());
        assert_eq!(once, mix(before ^ 1));
    }

    /// In a container each process is the first. This test runs itself again, as if both were.
    #[test]
    #[cfg(feature = "std")]
    fn two_processes_of_one_id_draw_differently() {
        use std::env;
        use std::process::Command;
        use std::string::{String, ToString as _};

        const CHILD: &str = "SCHMOOZER_BACKOFF_CHILD";
        let first = seed(process_random(), 0, 1).to_string();
        if env::var_os(CHILD).is_some() {
            std::println!("seed {first}");
            return;
        }
        let this = "random::tests::two_processes_of_one_id_draw_differently";
        let test = env::current_exe().expect("the path of this test");
        let child = Command::new(test)
            .args(["--exact", this, "--nocapture"])
            .env(CHILD, "")
            .output()
            .expect("this test once more");
        let said = String::from_utf8_lossy(&child.stdout);
        let (_, seed) = said.split_once("seed ").expect("the child's seed");
        assert_ne!(seed.lines().next(), Some(first.as_str()));
    }
}
