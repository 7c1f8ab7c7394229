use std::collections::BTreeMap;
use std::fmt;

/// How many tests passed and failed, and how many were skipped for which reason.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: usize,
    pub(crate) failed: usize,
    skipped: BTreeMap<String, usize>,
}

impl Tally {
    /// Counts the tests in what `cargo test -- --show-output` printed.
    ///
    /// A test that cannot run on this machine prints a line that begins with `skipped:` and says why. It passes, and
    /// counts as skipped. One that is ignored counts so too.
    pub(crate) fn of(output: &str) -> Self {
        let mut tally = Self::default();
        let mut said = 0;
        // Whether the test whose output this is has given a reason already.
        let mut is_known = false;
        for line in output.lines() {
            if let Some(result) = line.strip_prefix("test result: ") {
                tally.passed += count(result, " passed;");
                tally.failed += count(result, " failed;");
                is_known = false;
            } else if line.starts_with("---- ") {
                is_known = false;
            } else if let Some(reason) = line.strip_prefix("skipped: ").filter(|_| !is_known) {
                said += 1;
                is_known = true;
                tally.skip(reason);
            } else if line.starts_with("test ") && line.contains(" ... ignored") {
                let (_, reason) = line.split_once(" ... ").unwrap_or_default();
                tally.skip(reason);
            }
        }
        tally.passed = tally.passed.saturating_sub(said);
        tally
    }

    fn skip(&mut self, reason: &str) {
        *self.skipped.entry(reason.to_owned()).or_default() += 1;
    }

    /// Whether no test has run.
    pub(crate) fn is_empty(&self) -> bool {
        self.passed + self.failed == 0
    }

    /// One line for each reason why tests were skipped.
    pub(crate) fn reasons(&self) -> impl Iterator<Item = String> {
        let line = |(reason, tests): (&String, &usize)| format!("skipped {tests}: {reason}");
        self.skipped.iter().map(line)
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        for (reason, tests) in other.skipped {
            *self.skipped.entry(reason).or_default() += tests;
        }
    }
}

/// The line by which people and machines tell how the tests went.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let skipped: usize = self.skipped.values().sum();
        let Self { passed, failed, .. } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// The number right before `label`, or 0.
fn count(result: &str, label: &str) -> usize {
    result
        .split_once(label)
        .and_then(|(before, _)| before.rsplit(' ').next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_programs_count_and_a_skipped_test_is_not_one_that_passed() {
        let mut tally = Tally::of(
            "\
test by_hand ... ignored, takes an hour
---- parks stdout ----
skipped: no valgrind
skipped: the second reason of the same test
---- waits stdout ----
skipped: no valgrind
test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s
test result: FAILED. 12 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0s
",
        );
        assert_eq!(tally.to_string(), "15 passed, 2 failed, 3 skipped");
        tally.add(Tally::of(
            "skipped: no valgrind\ntest result: ok. 1 passed;",
        ));
        let reasons: Vec<_> = tally.reasons().collect();
        let expected = "skipped 1: ignored, takes an hour; skipped 3: no valgrind";
        assert_eq!(reasons.join("; "), expected);
        assert!(!tally.is_empty() && Tally::default().is_empty());
    }
}
