use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};
use reliability::{PAGE, named, rows, sources};

use crate::check::Report;
use crate::project::{Project, directory};

/// Checks that each row of the page stands in the documentation of a test, as `/// Row 23: …` or
/// `/// Rows 23, 24: …`, and that each test names only rows that are there.
///
/// # Errors
///
/// Names the rows, and the tests with their files.
pub(crate) fn check(project: &Project) -> Result<Report> {
    let page = fs::read_to_string(project.metadata.workspace_root.join(PAGE)).context(PAGE)?;
    let rows: BTreeSet<&str> = rows(&page).map(|(row, _)| row).collect();
    let (mut held, mut faults) = (BTreeSet::new(), Vec::new());
    for package in project.packages() {
        for file in sources(&directory(package))? {
            for named in named(&fs::read_to_string(&file)?) {
                let place = format!("{}:{}", file.display(), named.line);
                if named.test.is_none() || named.row.is_empty() {
                    faults.push(format!("{place}: not `/// Row 1: …` on a test"));
                    continue;
                }
                if !rows.contains(named.row.as_str()) {
                    faults.push(format!("{place}: no row {} in {PAGE}", named.row));
                }
                held.insert(named.row);
            }
        }
    }
    let missing = rows.into_iter().filter(|row| !held.contains(*row));
    faults.extend(missing.map(|row| format!("no test names row {row} of {PAGE}")));
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(Report::default())
}
