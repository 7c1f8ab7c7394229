use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::check::Report;
use crate::project::{Project, directory};
use crate::style::sources;

/// The page with the rows: the first column of its tables.
const PAGE: &str = "crates/schmoozer-tcp/src/_reliability.md";

/// The rows that no test holds yet. The first test of one takes it off this list.
const NOT_YET_HELD: &str = "";

/// Checks that each row of the page stands in the documentation of a test, as `/// Row 23: …` or
/// `/// Rows 23, 24: …`, and that each test names only rows that are there.
///
/// # Errors
///
/// Names the rows, and the tests with their files.
pub(crate) fn check(project: &Project) -> Result<Report> {
    let page = fs::read_to_string(project.metadata.workspace_root.join(PAGE)).context(PAGE)?;
    let rows: BTreeSet<&str> = rows(&page).collect();
    let (mut held, mut faults) = (BTreeSet::new(), Vec::new());
    for package in project.packages() {
        for file in sources(&directory(package))? {
            let text = fs::read_to_string(&file)?;
            for (number, row) in named(&text) {
                let place = format!("{}:{number}", file.display());
                let Some(row) = row else {
                    faults.push(format!("{place}: not `/// Row 1: …` on a test"));
                    continue;
                };
                if !rows.contains(row) {
                    faults.push(format!("{place}: no row {row} in {PAGE}"));
                }
                held.insert(row.to_owned());
            }
        }
    }
    for row in rows {
        let listed = NOT_YET_HELD.split(' ').any(|it| it == row);
        if held.contains(row) && listed {
            faults.push(format!("a test holds row {row}: take it off NOT_YET_HELD"));
        } else if !held.contains(row) && !listed {
            faults.push(format!("no test names row {row} of {PAGE}"));
        }
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(Report::default())
}

/// The first cell of each table row, where that is a number or the name of the one row without.
fn rows(page: &str) -> impl Iterator<Item = &str> {
    page.lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" |"))
        .map(|(cell, _)| cell)
        .filter(|cell| *cell == "gRPC" || cell.parse::<u32>().is_ok())
}

/// The rows that the documentation of the functions in `text` names, with the lines; `None` where no test follows.
fn named(text: &str) -> Vec<(usize, Option<&str>)> {
    let (mut all, mut open) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        let row = line.strip_prefix("/// Row ");
        if let Some(line) = row.or_else(|| line.strip_prefix("/// Rows ")) {
            let (rows, _) = line.split_once(": ").unwrap_or_default();
            open.extend(rows.split(", ").map(|row| (number, Some(row))));
        } else if line.starts_with("#[") && line.contains("test") {
            all.append(&mut open);
        } else if !line.starts_with("///") && !line.starts_with("#[") {
            all.extend(open.drain(..).map(|(number, _)| (number, None)));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_on_the_page_and_on_tests_and_nowhere_else() {
        let page = "| # | fault |\n| --- | --- |\n| 7 | a 9 |\n| gRPC | b |\n\nRow 8 | none |\n";
        assert_eq!(rows(page).collect::<Vec<_>>(), ["7", "gRPC"]);
        let test =
            "/// Rows 2, gRPC: a.\n///\n/// More.\n#[cfg(unix)]\n#[tokio::test]\nasync fn t() {}\n";
        assert_eq!(named(test), [(1, Some("2")), (1, Some("gRPC"))]);
        assert_eq!(named("  /// Row 2: a.\n  fn f() {}\n"), [(1, None)]);
        assert_eq!(named("/// Row 2 is\n#[test]\n"), [(1, Some(""))]);
    }
}
