//! The rows of the reliability page, and the tests that name them in their documentation: `/// Row 23: …` or
//! `/// Rows 23, 24: …`.
//!
//! `cargo xtask check` makes sure that each row has its tests, and `cargo xtask torture --rows` [runs](run()) these.
#![forbid(unsafe_code)]

mod run;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use run::{Outcome, Ran, run};

/// Where the page is, from the root of the project.
pub const PAGE: &str = "crates/schmoozer-tcp/src/_reliability.md";

/// A row that the documentation of a function names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The line of the documentation, from 1.
    pub line: usize,
    /// The number of the row, or the name of the one without.
    pub row: String,
    /// What the test shows of it.
    pub shows: String,
    /// The name of the test; `None` where no test follows.
    pub test: Option<String>,
}

/// Returns the number of each row of `page`, or the name of the one without, and its fault: the first two cells.
pub fn rows(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "))
        .map(|(row, rest)| (row, rest.split(" |").next().unwrap_or(rest)))
        .filter(|(row, _)| *row == "gRPC" || row.parse::<u32>().is_ok())
}

/// Returns the rows that the documentation of the functions in `text` names.
#[must_use]
pub fn named(text: &str) -> Vec<Named> {
    let (mut all, mut open): (Vec<Named>, Vec<Named>) = (Vec::new(), Vec::new());
    let (mut is_test, mut in_attribute) = (false, false);
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        let row = line.strip_prefix("/// Row ");
        if let Some(line) = row.or_else(|| line.strip_prefix("/// Rows ")) {
            let (rows, shows) = line.split_once(": ").unwrap_or_default();
            open.extend(rows.split(", ").map(|row| Named {
                line: number,
                row: row.to_owned(),
                shows: shows.trim_end_matches('.').to_owned(),
                test: None,
            }));
        } else if in_attribute || line.starts_with("#[") {
            is_test |= !in_attribute && line.contains("test");
            // An attribute may have several lines.
            in_attribute = !line.ends_with(']');
        } else if !line.starts_with("///") {
            let name = line.split("fn ").nth(1).and_then(|it| it.split('(').next());
            let name = name.filter(|_| is_test).map(str::to_owned);
            all.extend(open.drain(..).map(|named| Named {
                test: name.clone(),
                ..named
            }));
            is_test = false;
        }
    }
    all
}

/// Returns the Rust files under `directory`, but for what is built or hidden.
///
/// # Errors
///
/// When a directory cannot be read.
pub fn sources(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            files.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named_in(text: &str) -> Vec<(usize, String, Option<String>)> {
        let parts = |it: Named| (it.line, it.row, it.test);
        named(text).into_iter().map(parts).collect()
    }

    #[test]
    fn rows_are_found_on_the_page_and_on_tests_and_nowhere_else() {
        let page =
            "| # | fault |\n| --- | --- |\n| 7 | a 9 | b |\n| gRPC | c |\n\nRow 8 | none |\n";
        assert_eq!(
            rows(page).collect::<Vec<_>>(),
            [("7", "a 9"), ("gRPC", "c")]
        );
        let test = "/// Rows 2, gRPC: a.\n///\n/// More.\n#[tokio::test]\n#[cfg_attr(\n  not(unix),\n  ignore\n)]\nasync fn t() {}\n";
        let t = || Some("t".to_owned());
        assert_eq!(
            named_in(test),
            [(1, "2".to_owned(), t()), (1, "gRPC".to_owned(), t())]
        );
        assert_eq!(named(test)[0].shows, "a");
        let no_test = "  /// Row 2: a.\n  fn f() {}\n";
        assert_eq!(named_in(no_test), [(1, "2".to_owned(), None)]);
        let malformed = "/// Row 2 is\n#[test]\nfn t() {}\n";
        assert_eq!(named_in(malformed), [(1, String::new(), t())]);
        assert_eq!(
            named_in("#[test]\nfn t() {}\n/// Row 2: a.\nfn f() {}\n"),
            [(3, "2".to_owned(), None)]
        );
    }
}
