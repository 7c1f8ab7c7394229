use std::fmt;

/// How many tests passed and failed, and which were left out for what reason.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: Vec<String>,
}

impl Tally {
    /// Counts the tests in what `cargo test -- --show-output` printed.
    ///
    /// A test that cannot run on this machine prints a line that begins with `skipped:` and says why.
    pub(crate) fn of(output: &str) -> Self {
        let mut tally = Self::default();
        for line in output.lines() {
            if let Some(result) = line.strip_prefix("test result: ") {
                tally.passed += count(result, " passed;");
                tally.failed += count(result, " failed;");
            } else if line.starts_with("skipped:") {
                tally.skipped.push(line.to_owned());
            }
        }
        tally
    }

    /// Whether no test has run.
    pub(crate) fn is_empty(&self) -> bool {
        self.passed + self.failed == 0
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped.extend(other.skipped);
    }
}

/// The line by which people and machines tell how the tests went.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
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
    fn every_test_binary_counts() {
        let output = "\
running 2 tests
test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s
";
        assert_eq!(Tally::of(output).to_string(), "15 passed, 2 failed");
    }

    #[test]
    fn a_failure_counts_as_a_test_that_ran() {
        let mut tally = Tally::of("skipped: valgrind is not installed\n");
        assert!(tally.is_empty());
        tally.failed += 1;
        assert!(!tally.is_empty());
    }

    #[test]
    fn a_skipped_test_tells_its_reason() {
        let output = "---- parks stdout ----\nskipped: valgrind is not installed\n";
        assert_eq!(
            Tally::of(output).skipped,
            ["skipped: valgrind is not installed"]
        );
    }
}
