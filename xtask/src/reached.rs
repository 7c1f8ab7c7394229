use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// How often each line of a file ran.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    lines: BTreeMap<usize, u64>,
}

/// Reads what `llvm-cov export --format=lcov` prints: for each file how often each of its lines ran.
pub(crate) fn read(lcov: &str) -> Result<BTreeMap<PathBuf, Reached>> {
    let mut files: BTreeMap<PathBuf, Reached> = BTreeMap::new();
    let mut file = PathBuf::new();
    for line in lcov.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            file = path.into();
        } else if let Some(numbers) = line.strip_prefix("DA:") {
            let (number, times) = numbers
                .split_once(',')
                .context("no count in a line of lcov")?;
            let lines = &mut files.entry(file.clone()).or_default().lines;
            *lines.entry(number.parse()?).or_default() += times.parse::<u64>()?;
        }
    }
    Ok(files)
}

impl Reached {
    /// Leaves out the tests at the foot of `source`.
    pub(crate) fn leave_tests_out(&mut self, source: &str) {
        let lines: Vec<&str> = source.lines().collect();
        let tests = lines
            .windows(2)
            .position(|pair| pair[0].starts_with("#[cfg(test)]") && pair[1].ends_with(" {"));
        if let Some(tests) = tests {
            self.lines.retain(|number, _| *number <= tests);
        }
    }

    /// How many lines of the file hold something to run.
    pub(crate) fn lines(&self) -> usize {
        self.lines.len()
    }

    /// The lines that never ran.
    pub(crate) fn missed(&self) -> Vec<usize> {
        let missed = self.lines.iter().filter(|(_, times)| **times == 0);
        missed.map(|(number, _)| *number).collect()
    }

    /// The lines that never ran, for people: `3-5,9`. Lines that hold nothing to run do not part two.
    pub(crate) fn missed_ranges(&self) -> String {
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        let mut before_ran = true;
        for (&number, &times) in &self.lines {
            if times == 0 {
                match ranges.last_mut() {
                    Some((_, last)) if !before_ran => *last = number,
                    _ => ranges.push((number, number)),
                }
            }
            before_ran = times > 0;
        }
        let shown = ranges.iter().map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            }
        });
        shown.collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(lcov: &str) -> Reached {
        let mut files = read(lcov).expect("lcov");
        files.pop_first().expect("a file").1
    }

    #[test]
    fn a_line_that_any_test_reaches_is_reached() {
        let lcov = "SF:/a.rs\nFN:1,f\nDA:1,0\nDA:2,4\nDA:3,0\nend_of_record\nSF:/b.rs\nDA:9,0\n\
                    SF:/a.rs\nDA:1,1\nDA:3,0\n";
        let files = read(lcov).expect("lcov");
        assert_eq!(files.len(), 2);
        let first = &files[&PathBuf::from("/a.rs")];
        assert_eq!((first.lines(), first.missed()), (3, vec![3]));
    }

    #[test]
    fn lines_in_a_row_are_one_range() {
        let lcov = "SF:/a.rs\nDA:1,0\nDA:2,0\nDA:4,0\nDA:5,1\nDA:6,0\n";
        assert_eq!(file(lcov).missed_ranges(), "1-4,6");
    }

    #[test]
    fn only_tests_at_the_foot_are_left_out() {
        let mut reached = file("SF:/a.rs\nDA:1,0\nDA:5,0\n");
        reached.leave_tests_out("fn f() {}\n#[cfg(test)]\nmod tests;\n\nfn g() {}\n");
        assert_eq!(reached.missed(), [1, 5]);
        reached.leave_tests_out("fn f() {}\n\n#[cfg(test)]\nmod tests {\n    fn t() {}\n}\n");
        assert_eq!(reached.missed(), [1]);
    }
}
