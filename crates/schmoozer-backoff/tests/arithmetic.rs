//! No input makes a policy overflow, panic, pass its cap or go backwards.

#![expect(
    clippy::cast_precision_loss,
    reason = "a formula in floating point is what is compared with"
)]

use std::time::Duration;

use proptest::prelude::*;
use schmoozer_backoff::{
    Constant, Decorrelated, Exponential, Fibonacci, Jitter, Linear, Policy, Rounds, Sequence,
};

/// The longest delay there is: what fits into 64 bits of nanoseconds.
const LONGEST: Duration = Duration::from_nanos(u64::MAX);

fn durations() -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(Duration::from_nanos(1)),
        Just(LONGEST),
        Just(Duration::MAX),
        any::<u64>().prop_map(Duration::from_nanos),
        (0_u64..100_000).prop_map(Duration::from_millis),
        (any::<u64>(), 0_u32..1_000_000_000).prop_map(|(secs, nanos)| Duration::new(secs, nanos)),
    ]
}

fn factors() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(1.0),
        Just(2.0),
        Just(f64::MAX),
        Just(1.0 + f64::EPSILON),
        1.0..4.0_f64,
        1.0..1e300_f64
    ]
}

fn jitters() -> impl Strategy<Value = Jitter> {
    prop_oneof![
        Just(Jitter::None),
        Just(Jitter::Full),
        Just(Jitter::Equal),
        (0.0..=1.0_f64).prop_map(Jitter::Proportional),
    ]
}

/// The bounds of one delay under `jitter`, from the base delay without it.
fn window(jitter: Jitter, base: Duration, cap: Duration) -> (Duration, Duration) {
    let base_nanos = base.as_nanos();
    let nanos = |n: u128| Duration::from_nanos(u64::try_from(n).unwrap_or(u64::MAX));
    match jitter {
        Jitter::Full => (Duration::ZERO, base),
        Jitter::Equal => (nanos(base_nanos / 2), base),
        Jitter::Proportional(share) => {
            let part = base.mul_f64(share).as_nanos();
            // `mul_f64` rounds to 53 bits.
            let slack = base_nanos / (1 << 50) + 1;
            (
                nanos(base_nanos.saturating_sub(part + slack)),
                nanos(base_nanos + part + slack).min(cap),
            )
        }
        _ => (base, base),
    }
}

/// Checks 100 delays of `policy`, made anew for each combination of options.
fn check<P: Policy>(
    plain: impl Fn(Duration) -> P,
    jittered: impl Fn(Duration, Jitter) -> P,
    cap: Duration,
    jitter: Jitter,
) -> Result<(), TestCaseError> {
    let bases: Vec<Duration> = plain(cap).into_iter().take(100).collect();
    prop_assert!(
        bases.windows(2).all(|pair| pair[0] <= pair[1]),
        "not monotone: {:?}",
        bases
    );
    prop_assert!(bases.iter().all(|base| *base <= cap));
    for (base, delay) in bases.iter().zip(jittered(cap, jitter)) {
        let (lowest, highest) = window(jitter, *base, cap);
        prop_assert!(
            lowest <= delay && delay <= highest && delay <= cap,
            "{:?} of {:?} under {:?}: {:?}",
            jitter,
            base,
            cap,
            delay
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn delays_stay_in_their_window_under_the_cap_and_grow(
        initial in durations(), step in durations(), factor in factors(), cap in durations(), jitter in jitters(),
    ) {
        let constant = Constant::new(initial);
        check(|cap| constant.cap(cap), |cap, jitter| constant.jitter(jitter).cap(cap), cap, jitter)?;
        let linear = Linear::new(initial).step(step);
        check(|cap| linear.cap(cap), |cap, jitter| linear.jitter(jitter).cap(cap), cap, jitter)?;
        let exponential = Exponential::new(initial).factor(factor);
        check(|cap| exponential.cap(cap), |cap, jitter| exponential.jitter(jitter).cap(cap), cap, jitter)?;
        let fibonacci = Fibonacci::new(initial);
        check(|cap| fibonacci.cap(cap), |cap, jitter| fibonacci.jitter(jitter).cap(cap), cap, jitter)?;
        let foreign = std::iter::repeat(initial);
        check(
            |cap| foreign.clone().cap(cap),
            |cap, jitter| foreign.clone().jitter(jitter).cap(cap),
            cap,
            jitter,
        )?;
    }

    #[test]
    fn a_list_is_cut_and_spread_delay_by_delay(
        list in prop::collection::vec(durations(), 0..20), cap in durations(), jitter in jitters(),
    ) {
        let policy = Sequence::new(list.clone()).once().cap(cap).jitter(jitter);
        let delays: Vec<Duration> = policy.into_iter().collect();
        prop_assert_eq!(delays.len(), list.len());
        for (listed, delay) in list.iter().zip(delays) {
            let (lowest, highest) = window(jitter, (*listed).min(cap).min(LONGEST), cap);
            prop_assert!(lowest <= delay && delay <= highest && delay <= cap, "{:?}: {:?}", listed, delay);
        }
    }

    #[test]
    fn decorrelated_delays_stay_between_the_initial_delay_and_the_cap(
        initial in durations(), cap in durations(), jitter in jitters(),
    ) {
        let policy = Decorrelated::new(initial).cap(cap);
        for delay in policy.into_iter().take(100) {
            prop_assert!(initial.min(cap).min(LONGEST) <= delay && delay <= cap);
        }
        for delay in policy.jitter(jitter).into_iter().take(100) {
            prop_assert!(delay <= cap);
        }
    }

    #[test]
    fn rounds_stay_under_the_cap_and_less_than_two_rounds_apart(
        round in durations(), cap in durations(), jitter in jitters(),
    ) {
        let policy = Rounds::new(round).cap(cap);
        let longest = round.saturating_mul(2).min(cap).min(LONGEST);
        prop_assert!(policy.into_iter().take(20).all(|delay| delay <= longest));
        prop_assert!(policy.jitter(jitter).into_iter().take(20).all(|delay| delay <= cap));
    }

    #[test]
    fn delays_never_sum_to_more_than_the_total(
        initial in durations(), factor in factors(), total in durations(), jitter in jitters(),
    ) {
        let policy = Exponential::new(initial).factor(factor).jitter(jitter).max_total(total);
        let sum: u128 = policy.into_iter().take(1_000).map(|delay| delay.as_nanos()).sum();
        prop_assert!(sum <= total.as_nanos().min(LONGEST.as_nanos()));
    }

    #[test]
    fn an_exponential_delay_is_its_formula(
        initial in 1_000_000_u64..10_000_000_000, factor in 1.0..10.0_f64, n in 0_usize..12,
    ) {
        let policy = Exponential::new(Duration::from_nanos(initial)).factor(factor);
        let nanos = policy.into_iter().nth(n).map(|delay| delay.as_nanos() as f64).unwrap_or_default();
        let formula = initial as f64 * factor.powi(i32::try_from(n).unwrap_or_default());
        prop_assert!((nanos / formula - 1.0).abs() < 1e-5 || nanos >= LONGEST.as_nanos() as f64);
    }
}

#[test]
fn ten_million_steps_end_at_the_longest_delay() {
    // There the state no longer changes: as many steps more, and it is the same.
    let steps = 10_000_000;
    assert_eq!(
        Exponential::new(Duration::from_nanos(1))
            .into_iter()
            .nth(steps),
        Some(LONGEST)
    );
    assert_eq!(
        Fibonacci::new(Duration::from_nanos(1))
            .into_iter()
            .nth(steps),
        Some(LONGEST)
    );
    let linear = Linear::new(Duration::ZERO).step(Duration::from_secs(3_600));
    assert_eq!(linear.into_iter().nth(steps), Some(LONGEST));
    let grown = Exponential::new(Duration::from_secs(1))
        .factor(1.000_001)
        .cap(Duration::from_secs(60));
    assert_eq!(grown.into_iter().nth(steps), Some(Duration::from_secs(60)));
}
