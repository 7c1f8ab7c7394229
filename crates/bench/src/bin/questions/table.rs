use std::fmt::{self, Write as _};

use anyhow::{Context, Result};
use bench::measured_on;

/// The answers to one question: a row for each candidate, the one to compare with first; and its targets.
#[derive(Debug)]
pub(crate) struct Table {
    title: &'static str,
    columns: Vec<&'static str>,
    rows: Vec<(&'static str, Vec<Option<f64>>)>,
    targets: String,
    notes: String,
}

/// What an answer is to be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// This many times what another row has.
    Times(f64, &'static str),
}

impl Table {
    pub(crate) fn new(title: &'static str, columns: &[&'static str]) -> Self {
        Self {
            title,
            columns: columns.to_vec(),
            rows: Vec::new(),
            targets: String::new(),
            notes: String::new(),
        }
    }

    pub(crate) fn row(&mut self, name: &'static str, values: impl Into<Vec<Option<f64>>>) {
        self.rows.push((name, values.into()));
    }

    /// Adds a line that says whether an answer is what it is to be. Without the answer there is no line.
    ///
    /// # Errors
    ///
    /// When the table has no such row, or no such column.
    pub(crate) fn target(&mut self, row: &str, column: &str, bound: Bound) -> Result<()> {
        let Some(answer) = self.value(row, column)? else {
            return Ok(());
        };
        let (wanted, reached) = match bound {
            Bound::AtMost(most) => (format!("at most {most}"), answer <= most),
            Bound::AtLeast(least) => (format!("at least {least}"), answer >= least),
            Bound::Times(times, other) => {
                let Some(than) = self.value(other, column)? else {
                    return Ok(());
                };
                (format!("at most {times} × {other}"), answer <= times * than)
            }
        };
        let verdict = if reached { "reached" } else { "**missed**" };
        let line = format!("| {row}: {column} | {wanted} | {answer:.2} | {verdict} |");
        writeln!(self.targets, "{line}")?;
        Ok(())
    }

    /// Adds what is no number.
    pub(crate) fn note(&mut self, row: &str, column: &str, text: &str) {
        self.notes += &["- ", row, ", ", column, ": ", text, "\n"].concat();
    }

    fn value(&self, row: &str, column: &str) -> Result<Option<f64>> {
        let values = self.rows.iter().find(|(name, _)| *name == row);
        let index = self.columns.iter().position(|name| *name == column);
        let value = values.zip(index).map(|((_, values), index)| values[index]);
        value.with_context(|| format!("{}: no {row}, {column}", self.title))
    }
}

/// As Markdown.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.title)?;
        writeln!(f, "| | {} |", self.columns.join(" | "))?;
        writeln!(f, "| --- |{}", " ---: |".repeat(self.columns.len()))?;
        for (name, values) in &self.rows {
            let shown: Vec<_> = values.iter().map(|value| show(*value)).collect();
            writeln!(f, "| {name} | {} |", shown.join(" | "))?;
        }
        if !self.targets.is_empty() {
            write!(
                f,
                "\n| target | | measured | |\n| --- | ---: | ---: | --- |\n"
            )?;
            f.write_str(&self.targets)?;
        }
        if !self.notes.is_empty() {
            write!(f, "\n{}", self.notes)?;
        }
        writeln!(f, "\n{}", measured_on())
    }
}

/// Three digits that count, or nothing where there is no answer.
fn show(value: Option<f64>) -> String {
    match value {
        None => String::new(),
        Some(value) if value >= 99.95 || value.fract() == 0.0 => format!("{value:.0}"),
        Some(value) if value >= 9.995 => format!("{value:.1}"),
        Some(value) => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_shows_the_digits_that_count() {
        let shown = [0.0, 2.0, 1.234, 12.34, 1234.5].map(|value| show(Some(value)));
        assert_eq!(shown, ["0", "2", "1.23", "12.3", "1234"]);
        assert_eq!(show(None), "");
    }

    #[test]
    fn what_passes_its_bound_is_missed() -> Result<()> {
        let mut table = Table::new("", &["ns", "bytes"]);
        table.row("ours", [Some(51.0), None]);
        table.row("bare", [Some(24.0), Some(0.0)]);
        table.target("bare", "ns", Bound::AtMost(24.0))?;
        table.target("ours", "ns", Bound::AtLeast(51.5))?;
        table.target("ours", "ns", Bound::Times(2.0, "bare"))?;
        table.target("ours", "bytes", Bound::AtMost(1.0))?;
        let verdicts = [
            "| bare: ns | at most 24 | 24.00 | reached |",
            "| ours: ns | at least 51.5 | 51.00 | **missed** |",
            "| ours: ns | at most 2 × bare | 51.00 | **missed** |",
        ];
        assert_eq!(table.targets.lines().collect::<Vec<_>>(), verdicts);
        assert!(table.target("theirs", "ns", Bound::AtMost(1.0)).is_err());
        assert!(table.target("ours", "us", Bound::AtMost(1.0)).is_err());
        Ok(())
    }
}
