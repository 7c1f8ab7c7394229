//! The rule that gRPC's connection back-off interop test checks: for 540 s, a server closes every connection, and
//! looks whether the intervals between them are 1 s × 1.6ⁿ, at most 120 s, give or take 20 %.

use std::time::Duration;

use schmoozer_backoff::{Exponential, Jitter};

/// 1 s × 1.6ⁿ up to 120 s, in nanoseconds, as far as 540 s reach.
const BASES: [u64; 13] = [
    1_000_000_000,
    1_600_000_000,
    2_560_000_000,
    4_096_000_000,
    6_553_600_000,
    10_485_760_000,
    16_777_216_000,
    26_843_545_600,
    42_949_672_960,
    68_719_476_736,
    109_951_162_778,
    120_000_000_000,
    120_000_000_000,
];

#[test]
fn the_grpc_preset_grows_by_its_constants_exactly() {
    let bare = Exponential::grpc().jitter(Jitter::None);
    let nanos: Vec<u128> = bare
        .into_iter()
        .take(BASES.len())
        .map(|delay| delay.as_nanos())
        .collect();
    assert_eq!(nanos, BASES.map(u128::from));
}

/// Row gRPC: the intervals of the policy alone.
#[test]
fn the_grpc_preset_keeps_its_intervals_for_540_seconds() {
    for seed in 0..1_000 {
        let (mut at, mut connects) = (Duration::ZERO, 0);
        for (n, interval) in Exponential::grpc().seeded(seed).into_iter().enumerate() {
            at += interval;
            if at > Duration::from_secs(540) {
                break;
            }
            let base = BASES[n.min(BASES.len() - 1)];
            let (lowest, highest) = (base * 8 / 10, (base * 12 / 10 + 1).min(120_000_000_000));
            assert!(
                (lowest..=highest).contains(&nanos(interval)),
                "seed {seed}, interval {n}: {interval:?}"
            );
            connects += 1;
        }
        assert!(
            (12..=14).contains(&connects),
            "seed {seed}: {connects} connects"
        );
    }
}

#[test]
fn the_jitter_of_the_grpc_preset_uses_all_of_its_20_percent() {
    for (n, base) in BASES.into_iter().enumerate().take(10) {
        let draws = (0..2_000)
            .filter_map(|seed| Exponential::grpc().seeded(seed).into_iter().nth(n))
            .map(nanos);
        let (least, most) = draws.fold((u64::MAX, 0), |(least, most), draw| {
            (least.min(draw), most.max(draw))
        });
        assert!(
            least < base / 100 * 81 && most > base / 100 * 119,
            "{n}: {least} to {most} around {base}"
        );
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
