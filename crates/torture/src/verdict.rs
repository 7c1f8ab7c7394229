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

impl Verdict {
    /// Says whether it held, and by which numbers.
    #[must_use]
    pub const fn new(on: &'static str, holds: bool, numbers: String) -> Self {
        Self { on, holds, numbers }
    }
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
    let numbers = format!("{connected} of {of}, {seconds:.1} s after the servers were all well");
    Verdict::new("connected", connected == of, numbers)
}

/// The memory has not grown from the first tenth of the samples to the last: by their medians, and by
/// no more than 5 % and 1 MiB.
pub(crate) fn on_memory(samples: &[u64]) -> Verdict {
    let tenth = samples.len().div_ceil(10);
    let first = median(&samples[..tenth]);
    let last = median(&samples[samples.len() - tenth..]);
    let allowed = first / 20 + MIB;
    let numbers = format!(
        "{} resident in the first tenth, {} in the last; {} more are allowed",
        mib(first),
        mib(last),
        mib(allowed)
    );
    Verdict::new("memory", last <= first + allowed, numbers)
}

/// There are as many descriptors as there were: when all are connected again, and when none is.
pub(crate) fn on_descriptors([before, connected, back, after]: [usize; 4]) -> Verdict {
    let numbers = format!(
        "{before} before, {connected} when all were connected, {back} when all were back, {after} after"
    );
    let holds = before == after && connected == back;
    Verdict::new("descriptors", holds, numbers)
}

/// In no stretch of time were there more attempts than the rate and the burst allow.
///
/// An attempt is let through by the pacer a moment before it is counted. So each of the `threads` that
/// attempts run on may come with one that was let through before the stretch.
pub(crate) fn on_pacing(needed: f64, per_second: u32, burst: u32, threads: usize) -> Verdict {
    let late = u32::try_from(threads).unwrap_or(u32::MAX);
    let holds = needed <= f64::from(burst) + f64::from(late);
    let numbers = format!(
        "in no stretch of t seconds more than {per_second} × t + {needed:.1} attempts; the burst is \
         {burst}, and {late} may be counted late"
    );
    Verdict::new("pacer", holds, numbers)
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
}
