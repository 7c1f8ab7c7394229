use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use reliability::sources;

use crate::project::{Project, directory};

const LINES_AT_MOST: usize = 400;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &str = "api common helper helpers inner internals misc types util utils";

/// Words that promise work instead of being it; split, so that this file does not hold them.
const PROMISES: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("X", "XX"),
];

/// Checks what no linter does: the length and the name of each source file, and the words in it.
///
/// # Errors
///
/// Names each file and what is wrong with it.
pub(crate) fn check(project: &Project) -> Result<()> {
    let root = &project.metadata.workspace_root;
    let mut faults = Vec::new();
    for package in project.packages() {
        for file in sources(&directory(package))? {
            let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            let path = file.strip_prefix(root).unwrap_or(&file);
            faults.extend(faults_in(path, &text));
        }
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

fn faults_in(path: &Path, text: &str) -> Vec<String> {
    let shown = path.display();
    let mut faults = Vec::new();
    let lines = text.lines().count();
    if lines > LINES_AT_MOST {
        faults.push(format!("{shown} has {lines} lines, over {LINES_AT_MOST}"));
    }
    let path = path.with_extension("");
    for part in path.iter().filter_map(|part| part.to_str()) {
        if EMPTY_NAMES.split(' ').any(|name| name == part) {
            faults.push(format!("{shown}: `{part}` does not say what is inside"));
        }
    }
    for (number, line) in (1..).zip(text.lines()) {
        for promise in PROMISES.iter().filter(|it| line.contains(**it)) {
            faults.push(format!("{shown}:{number} holds `{promise}`"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_an_empty_name_and_a_promise_are_found() {
        let promise = concat!("fn f() {}\n// TO", "DO: later").to_owned();
        for (path, text, faults) in [
            ("src/run.rs", "\n".repeat(400), 0),
            ("src/run.rs", "\n".repeat(401), 1),
            ("src/util.rs", String::new(), 1),
            ("tests/common/mod.rs", String::new(), 1),
            ("src/run.rs", promise, 1),
        ] {
            let found = faults_in(Path::new(path), &text);
            assert_eq!(found.len(), faults, "{path} {found:?}");
        }
    }
}
