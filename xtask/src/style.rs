use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::project::{Project, directory};

const LINES_AT_MOST: usize = 400;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &[
    "api",
    "common",
    "helper",
    "helpers",
    "inner",
    "internals",
    "misc",
    "types",
    "util",
    "utils",
];

/// Words that promise work instead of being it; split, so that this file does not hold them.
const PROMISES: &[(&str, &str)] = &[("TO", "DO"), ("FIX", "ME"), ("X", "XX"), ("#[ig", "nore")];

/// Checks what no linter does: the length and the name of each source file, and the words in it.
///
/// # Errors
///
/// Names each file and what is wrong with it.
pub(crate) fn check(project: &Project) -> Result<()> {
    let root = project.root();
    let mut faults = Vec::new();
    for package in project.packages() {
        for file in sources(&directory(package))? {
            let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            let path = file.strip_prefix(&root).unwrap_or(&file);
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
        faults.push(format!(
            "{shown} has {lines} lines; over {LINES_AT_MOST} it is two ideas"
        ));
    }
    for part in path
        .with_extension("")
        .iter()
        .filter_map(|part| part.to_str())
    {
        if EMPTY_NAMES.contains(&part) {
            faults.push(format!("{shown}: `{part}` does not say what is inside"));
        }
    }
    for (number, line) in (1..).zip(text.lines()) {
        for (begin, end) in PROMISES {
            let promise = [*begin, *end].concat();
            if line.contains(&promise) {
                faults.push(format!("{shown}:{number} holds `{promise}`"));
            }
        }
    }
    faults
}

/// The Rust files under `directory`, but for what is built or hidden.
pub(crate) fn sources(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = fs::read_dir(directory).with_context(|| directory.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or("");
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

    fn faults(path: &str, text: &str) -> Vec<String> {
        faults_in(Path::new(path), text)
    }

    #[test]
    fn a_file_may_have_400_lines_and_no_more() {
        assert!(faults("src/run.rs", &"\n".repeat(400)).is_empty());
        assert_eq!(
            faults("src/run.rs", &"\n".repeat(401)),
            ["src/run.rs has 401 lines; over 400 it is two ideas"]
        );
    }

    #[test]
    fn neither_a_file_nor_its_directory_may_have_an_empty_name() {
        assert!(faults("src/wait.rs", "").is_empty());
        for path in ["src/util.rs", "tests/common/mod.rs"] {
            assert_eq!(faults(path, "").len(), 1, "{path}");
        }
    }

    #[test]
    fn a_promise_is_found_with_its_line() {
        let promise = ["// TO", "DO: later"].concat();
        assert_eq!(
            faults("src/run.rs", &format!("fn f() {{}}\n{promise}\n")),
            [["src/run.rs:2 holds `TO", "DO`"].concat()]
        );
    }
}
