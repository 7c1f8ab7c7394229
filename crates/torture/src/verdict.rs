use std::fmt;
use std::time::Duration;

/// Whether one thing held, in a line that names the numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What it is on.
    pub on: &'static str,
    /// Whether it held.
    pub holds: bool,
    /// The numbers.
    pub numbers: String,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = if self.holds { "ok" } else { "FAILED" };
        write!(f, "{:<12} {held:<7} {}", self.on, self.numbers)
    }
}

/// All are connected, some time after the servers were all well.
pub(crate) fn on_connections(connected: usize, of: usize, after: Duration) -> Verdict {
    let seconds = after.as_secs_f64();
    Verdict {
        on: "connected",
        holds: connected == of,
        numbers: format!("{connected} of {of}, {seconds:.1} s after the servers were all well"),
    }
}

/// The memory has not grown from the first tenth of the samples to the last: by their medians, and by
/// no more than 5 % and 1 MiB.
pub(crate) fn on_memory(samples: &[u64]) -> Verdict {
    let tenth = samples.len().div_ceil(10);
    let first = median(&samples[..tenth]);
    let last = median(&samples[samples.len() - tenth..]);
    let allowed = first / 20 + MIB;
    Verdict {
        on: "memory",
        holds: last <= first + allowed,
        numbers: format!(
            "{} resident in the first tenth, {} in the last; {} more are allowed",
            mib(first),
            mib(last),
            mib(allowed)
        ),
    }
}

/// The descriptors of this process, at four moments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Descriptors {
    pub(crate) before: usize,
    pub(crate) all_connected: usize,
    pub(crate) all_back: usize,
    pub(crate) after: usize,
}

/// There are as many as there were, with all connected and with none.
pub(crate) fn on_descriptors(counts: Descriptors) -> Verdict {
    let Descriptors {
        before,
        all_connected,
        all_back,
        after,
    } = counts;
    Verdict {
        on: "descriptors",
        holds: before == after && all_connected == all_back,
        numbers: format!(
            "{before} before, {all_connected} when all were connected, {all_back} when all were back, \
             {after} after"
        ),
    }
}

/// In no stretch of time were there more attempts than the rate and the burst allow.
///
/// An attempt is let through by the pacer a moment before it is counted. So each of the `threads` that
/// attempts run on may come with one that was let through before the stretch.
pub(crate) fn on_pacing(needed: f64, per_second: u32, burst: u32, threads: usize) -> Verdict {
    let late = u32::try_from(threads).unwrap_or(u32::MAX);
    Verdict {
        on: "pacer",
        holds: needed <= f64::from(burst) + f64::from(late),
        numbers: format!(
            "in no stretch of t seconds more than {per_second} × t + {needed:.1} attempts; the burst is \
             {burst}, and {late} may be counted late"
        ),
    }
}

const MIB: u64 = 1024 * 1024;

/// In MiB, with two digits.
pub(crate) fn mib(bytes: u64) -> String {
    let hundredths = bytes.saturating_mul(100) / MIB;
    format!("{}.{:02} MiB", hundredths / 100, hundredths % 100)
}

fn median(samples: &[u64]) -> u64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_not_connected_fails_it() {
        let verdict = on_connections(9_999, 10_000, Duration::from_secs(60));
        assert_eq!(
            verdict.to_string(),
            "connected    FAILED  9999 of 10000, 60.0 s after the servers were all well"
        );
        assert!(on_connections(3, 3, Duration::ZERO).holds);
    }

    #[test]
    fn memory_that_grows_fails_it_and_a_spike_does_not() {
        let mut samples = vec![100 * MIB; 100];
        samples[95] = 200 * MIB;
        assert!(on_memory(&samples).holds);

        samples[90..].fill(106 * MIB);
        assert!(on_memory(&samples).holds);
        samples[90..].fill(106 * MIB + 1);
        assert_eq!(
            on_memory(&samples).to_string(),
            "memory       FAILED  100.00 MiB resident in the first tenth, 106.00 MiB in the last; \
             6.00 MiB more are allowed"
        );
    }

    #[test]
    fn a_descriptor_that_stays_open_fails_it_whenever_it_shows() {
        let good = Descriptors {
            before: 12,
            all_connected: 62,
            all_back: 62,
            after: 12,
        };
        assert!(on_descriptors(good).holds);
        let kept = Descriptors { after: 13, ..good };
        assert!(!on_descriptors(kept).holds);
        let doubled = Descriptors {
            all_back: 63,
            ..good
        };
        let verdict = on_descriptors(doubled);
        assert!(!verdict.holds);
        assert_eq!(
            verdict.numbers,
            "12 before, 62 when all were connected, 63 when all were back, 12 after"
        );
    }

    #[test]
    fn one_attempt_over_the_bound_fails_it() {
        assert!(on_pacing(102.0, 2_000, 100, 2).holds);
        let verdict = on_pacing(102.5, 2_000, 100, 2);
        assert_eq!(
            verdict.to_string(),
            "pacer        FAILED  in no stretch of t seconds more than 2000 × t + 102.5 attempts; the \
             burst is 100, and 2 may be counted late"
        );
        assert!(!verdict.holds);
    }
}
