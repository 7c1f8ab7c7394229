use std::fmt;

/// The answers to one question: a row for each candidate, the one to compare with first.
#[derive(Debug)]
pub(crate) struct Table {
    title: &'static str,
    pub(crate) columns: Vec<&'static str>,
    pub(crate) rows: Vec<(String, Vec<Option<f64>>)>,
}

impl Table {
    pub(crate) fn new(title: &'static str, columns: &[&'static str]) -> Self {
        Self {
            title,
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, name: &str, values: impl Into<Vec<Option<f64>>>) {
        self.rows.push((name.to_owned(), values.into()));
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
        Ok(())
    }
}

/// Three digits that count, or nothing where there is no answer.
pub(crate) fn show(value: Option<f64>) -> String {
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
}
