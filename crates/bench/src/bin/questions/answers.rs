use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use crate::table::Table;

/// The answers of one run by question, candidate and column, to be kept and compared.
#[derive(Debug, Default)]
pub(crate) struct Answers(Map<String, Value>);

/// What has changed by less is noise.
const MOVED: f64 = 0.05;

impl Answers {
    pub(crate) fn add(&mut self, question: &str, table: &Table) {
        let rows = table.rows.iter().map(|(name, values)| {
            let values = table.columns.iter().zip(values);
            let row = values.map(|(column, value)| ((*column).to_owned(), Value::from(*value)));
            (name.clone(), Value::Object(row.collect()))
        });
        self.0
            .insert(question.to_owned(), Value::Object(rows.collect()));
    }

    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        Ok(Self(serde_json::from_str(&text)?))
    }

    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(&self.0)?;
        fs::write(file, text + "\n").with_context(|| file.display().to_string())
    }

    #[cfg(test)]
    pub(crate) fn asked(&self, question: &str) -> bool {
        self.0.contains_key(question)
    }

    #[cfg(test)]
    pub(crate) fn has(&self, question: &str, row: &str) -> bool {
        self.0
            .get(question)
            .is_some_and(|table| table.get(row).is_some())
    }

    pub(crate) fn get(&self, question: &str, row: &str, column: &str) -> Option<f64> {
        self.0.get(question)?.get(row)?.get(column)?.as_f64()
    }

    /// One line for each answer that is not what it was `before`.
    pub(crate) fn moved_since(&self, before: &Self) -> String {
        let mut moved = String::new();
        for (question, candidate, column, now) in self.numbers() {
            let was = before.get(question, candidate, column);
            if let Some(was) = was.filter(|was| (now - was).abs() > MOVED * was.abs()) {
                let _ = writeln!(
                    moved,
                    "{question}, {candidate}, {column}: {was:.2} -> {now:.2}"
                );
            }
        }
        if moved.is_empty() {
            moved.push_str("nothing has moved by more than 5 %\n");
        }
        moved
    }

    fn numbers(&self) -> impl Iterator<Item = (&String, &String, &String, f64)> {
        let tables = self
            .0
            .iter()
            .filter_map(|(name, table)| Some((name, table.as_object()?)));
        tables.flat_map(|(question, table)| {
            let rows = table
                .iter()
                .filter_map(|(name, row)| Some((name, row.as_object()?)));
            rows.flat_map(move |(candidate, row)| {
                row.iter().filter_map(move |(column, value)| {
                    Some((question, candidate, column, value.as_f64()?))
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(nanoseconds: f64) -> Answers {
        let mut table = Table::new("", &["ns"]);
        table.row("ours", [Some(nanoseconds)]);
        let mut answers = Answers::default();
        answers.add("loop", &table);
        answers
    }

    #[test]
    fn only_what_moved_is_told() {
        let before = answers(100.0);
        assert_eq!(
            answers(104.0).moved_since(&before),
            "nothing has moved by more than 5 %\n"
        );
        assert_eq!(
            answers(110.0).moved_since(&before),
            "loop, ours, ns: 100.00 -> 110.00\n"
        );
    }

    #[test]
    fn what_is_written_is_read_again() {
        let directory = std::env::temp_dir().join(format!("answers-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory");
        let file = directory.join("saved.json");
        answers(100.0).write(&file).expect("it is written");
        let read = Answers::read(&file).expect("it is read");
        fs::remove_dir_all(&directory).expect("it was there");
        assert_eq!(read.get("loop", "ours", "ns"), Some(100.0));
        assert_eq!(
            answers(120.0).moved_since(&read),
            "loop, ours, ns: 100.00 -> 120.00\n"
        );
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = Answers::read(Path::new("/nowhere/saved.json")).expect_err("no file");
        assert_eq!(error.to_string(), "/nowhere/saved.json");
    }
}
