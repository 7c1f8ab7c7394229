//! The figures in the READMEs: what stands between `<!-- NAME -->` and `<!-- /NAME -->` is written by this program.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::table::Table;

/// The lines of the summary in the first README.
const SUMMARY: [&str; 4] = [
    "a failed attempt: heap allocations",
    "a task with an idle connection: bytes of heap",
    "mean wait after outages of 0.5 to 10 s, in s",
    "connect past a dead first address, in ms",
];
/// The question and the column that each line is taken from.
const COLUMNS: [[&str; 2]; 4] = [
    ["loop", "allocations"],
    ["parked", "heap"],
    ["recovery", "mean"],
    ["dead-address", "the first dead"],
];
/// The row of each contestant.
const ROWS: [[&str; 4]; 4] = [
    ["schmoozer-core run", RECORDED, BEFORE, ""],
    ["schmoozer-core run", "bare", BEFORE, STUBBORN],
    ["schmoozer-tcp", "", BEFORE, TOLD],
    ["schmoozer-tcp", "bare", "", STUBBORN],
];
const CONTESTANTS: &str = "| | this | by hand | `schmoozer` 0.4.1 | stubborn-io |";
const RECORDED: &str = "bare, cooperative, recorded";
const BEFORE: &str = "schmoozer 0.4.1";
const STUBBORN: &str = "stubborn-io";
const TOLD: &str = "stubborn-io, told not to exit";

fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Writes these tables into this crate's README, and what matters most of all that are there into the first one.
pub(crate) fn write(tables: &[(&str, Table)]) -> Result<()> {
    let mut all = fs::read_to_string(file("README.md"))?;
    for (question, table) in tables {
        all = replaced(&all, question, &table.to_string())?;
    }
    fs::write(file("README.md"), &all)?;
    let first = fs::read_to_string(file("../../README.md"))?;
    let first = replaced(&first, "measured", &summary(&all)?)?;
    fs::write(file("../../README.md"), first)?;
    Ok(())
}

/// What matters most, from the tables of this crate's README.
fn summary(all: &str) -> Result<String> {
    let mut table = format!("{CONTESTANTS}\n|---|{}\n", "---:|".repeat(4));
    for ((what, [question, column]), rows) in SUMMARY.iter().zip(COLUMNS).zip(ROWS) {
        let (_, shown, _) = between(all, question)?;
        write!(table, "| {what} |")?;
        for row in rows {
            let answer = match (row, cell(shown, row, "given up after")) {
                ("", _) => String::new(),
                (_, Some(patience)) if !patience.is_empty() => format!("over {patience}"),
                _ => cell(shown, row, column)
                    .with_context(|| format!("{question}, {row}"))?
                    .to_owned(),
            };
            write!(table, " {answer} |")?;
        }
        table.push('\n');
    }
    Ok(table)
}

/// One cell of the first table in a text of Markdown.
fn cell<'a>(text: &'a str, row: &str, column: &str) -> Option<&'a str> {
    let cells = |line: &'a str| line.split('|').map(str::trim);
    let head = text.lines().find(|line| line.starts_with('|'))?;
    let index = cells(head).position(|name| name == column)?;
    let row = format!("| {row} |");
    cells(text.lines().find(|line| line.starts_with(&row))?).nth(index)
}

/// Splits a text into what stands before, between and after the two marks of `name`.
fn between<'a>(text: &'a str, name: &str) -> Result<(&'a str, &'a str, &'a str)> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
    let start = text.find(&begin).context(begin.clone())? + begin.len();
    let length = text[start..].find(&end).context(end)?;
    let (before, rest) = text.split_at(start);
    let (shown, after) = rest.split_at(length);
    Ok((before, shown, after))
}

/// Replaces what stands between the two marks of `name`.
fn replaced(text: &str, name: &str, with: &str) -> Result<String> {
    let (before, _, after) = between(text, name)?;
    Ok(format!("{before}\n{}\n\n{after}", with.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_the_marks_is_replaced_and_nothing_else() {
        let text = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n";
        let new = "a\n<!-- x -->\n\nnew\n\n<!-- /x -->\nb\n";
        assert_eq!(replaced(text, "x", "new\n").expect("both marks"), new);
        assert_eq!(replaced(new, "x", "new\n").expect("both marks"), new);
        assert!(replaced(text, "y", "new").is_err());
        assert!(replaced("<!-- /x -->\n<!-- x -->\n", "x", "new").is_err());
    }

    #[test]
    fn the_first_readme_shows_the_answers() {
        let all = fs::read_to_string(file("README.md")).expect("a README");
        let first = fs::read_to_string(file("../../README.md")).expect("a README");
        let now = replaced(&first, "measured", &summary(&all).expect("each row")).expect("marks");
        let command = "cargo xtask bench --only retry-now --write-readme";
        assert!(now == first, "write it again: {command}");
    }

    #[test]
    fn this_readme_has_a_place_for_each_question() {
        let text = fs::read_to_string(file("README.md")).expect("a README");
        for (question, _) in crate::QUESTIONS {
            let replaced = replaced(&text, question, "");
            assert!(replaced.is_ok(), "{question}: {replaced:?}");
            let command = format!("cargo xtask bench --only {question}\n");
            assert!(text.contains(&command), "{command}");
        }
    }
}
