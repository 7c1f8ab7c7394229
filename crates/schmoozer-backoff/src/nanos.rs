//! Whole nanoseconds, the unit that every delay is computed in.

use core::time::Duration;

/// Counts the nanoseconds of `duration`; more than 584 years count as `u64::MAX` of them.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the larger values were sorted out before"
)]
pub(crate) const fn nanos(duration: Duration) -> u64 {
    let nanos = duration.as_nanos();
    if nanos > u64::MAX as u128 {
        u64::MAX
    } else {
        nanos as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_beyond_the_range_saturate() {
        assert_eq!(nanos(Duration::MAX), u64::MAX);
        assert_eq!(nanos(Duration::from_nanos(u64::MAX)), u64::MAX);
        assert_eq!(nanos(Duration::from_nanos(u64::MAX - 1)), u64::MAX - 1);
        assert_eq!(nanos(Duration::from_millis(3)), 3_000_000);
    }
}
