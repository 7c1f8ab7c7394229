//! The figures in the READMEs: what stands between `<!-- NAME -->` and `<!-- /NAME -->` is written by this program.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::answers::Answers;
use crate::summary::summary;
use crate::table::Table;
use crate::targets::reached;

fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The answers that the READMEs show.
pub(crate) fn answers() -> Result<Answers> {
    Answers::read(&file("answers.json"))
}

/// Writes these tables into this crate's README, and what matters most of all answers into the first one.
pub(crate) fn write(tables: &[(&str, Table)]) -> Result<()> {
    let mut answers = answers()?;
    let readme = file("README.md");
    let mut text = fs::read_to_string(&readme)?;
    for (question, table) in tables {
        answers.add(question, table);
        let shown = format!("{table}\n{}", reached(question, &answers));
        text = replaced(&text, question, &shown)?;
    }
    fs::write(readme, text)?;
    answers.write(&file("answers.json"))?;

    let readme = file("../../README.md");
    let text = fs::read_to_string(&readme)?;
    fs::write(readme, replaced(&text, "measured", &summary(&answers))?)?;
    Ok(())
}

/// Replaces what stands between the two marks of `name`.
fn replaced(text: &str, name: &str, with: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
    let (before, rest) = text.split_once(&begin).context(begin.clone())?;
    let (_, after) = rest.split_once(&end).context(end.clone())?;
    let with = with.trim_end();
    Ok(format!("{before}{begin}\n{with}\n\n{end}{after}"))
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
        let text = fs::read_to_string(file("../../README.md")).expect("a README");
        let answers = answers().expect("answers");
        let now = replaced(&text, "measured", &summary(&answers)).expect("the marks");
        assert!(
            now == text,
            "write it anew: cargo xtask bench --only recovery --write-readme"
        );
    }

    #[test]
    fn this_readme_has_a_place_for_each_question() {
        let text = fs::read_to_string(file("README.md")).expect("a README");
        for question in crate::QUESTIONS {
            let replaced = replaced(&text, question.name, "");
            assert!(replaced.is_ok(), "{}: {replaced:?}", question.name);
            let command = format!("cargo xtask bench --only {}\n", question.name);
            assert!(text.contains(&command), "{command}");
        }
    }
}
