use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::project::{Project, directory};

/// Checks that each test exists which a `tests/README.md` names as `module::test`, `file::tests::test` or
/// `` `test` in `file.rs` ``.
///
/// # Errors
///
/// Names the tests that do not.
pub(crate) fn check(project: &Project) -> Result<()> {
    let mut missing = Vec::new();
    for package in project.packages() {
        let tests = directory(package).join("tests");
        let table = tests.join("README.md");
        if !table.exists() {
            continue;
        }
        let text = fs::read_to_string(&table).with_context(|| table.display().to_string())?;
        if text.contains("`…") {
            missing.push(format!("{}: a test's name is cut short", table.display()));
        }
        for (module, test) in named(&text) {
            let sources = directory(package).join("src");
            if !holds(&tests, module, test)? && !holds(&sources, module, test)? {
                missing.push(format!("{}: no {module}::{test}", table.display()));
            }
        }
        for (test, file) in named_with_file(&text) {
            let root = project.metadata.workspace_root.as_std_path();
            let mut places = [root.join(file), root.join("crates").join(file)].into_iter();
            let module = Path::new(file).file_stem().and_then(OsStr::to_str);
            let beside = holds(&tests, module.unwrap_or_default(), test)?;
            if !beside && !places.any(|place| defines(&place, test)) {
                missing.push(format!("{}: no {test} in {file}", table.display()));
            }
        }
    }
    if !missing.is_empty() {
        bail!("{}", missing.join("\n"));
    }
    Ok(())
}

/// What stands between backticks and reads like the path of a test.
fn named(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter_map(|code| code.rsplit_once("::"))
        // What lies beside the code is in a module of its file.
        .map(|(module, test)| (module.trim_end_matches("::tests"), test))
        .map(|(path, test)| (path.rsplit("::").next().unwrap_or(path), test))
        .filter(|(module, test)| is_snake_case(module) && is_snake_case(test))
}

/// A test and the file that it is said to be in.
fn named_with_file(text: &str) -> Vec<(&str, &str)> {
    let parts: Vec<_> = text.split('`').collect();
    parts
        .windows(3)
        .filter(|parts| parts[1] == " in " && is_snake_case(parts[0]))
        .map(|parts| (parts[0], parts[2]))
        .filter(|(_, file)| Path::new(file).extension().is_some_and(|kind| kind == "rs"))
        .collect()
}

fn is_snake_case(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    !name.is_empty() && name.chars().all(allowed)
}

/// Whether a file `module.rs` somewhere under `directory` holds the test.
fn holds(directory: &Path, module: &str, test: &str) -> Result<bool> {
    for entry in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let path = entry?.path();
        let found = if path.is_dir() {
            holds(&path, module, test)?
        } else {
            path.file_name()
                .is_some_and(|name| *name == *format!("{module}.rs"))
                && defines(&path, test)
        };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether `file` is there and holds the function.
fn defines(file: &Path, function: &str) -> bool {
    let text = fs::read_to_string(file).unwrap_or_default();
    ["(", "<"]
        .iter()
        .any(|after| text.contains(&format!("fn {function}{after}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_paths_of_tests_are_taken() {
        let text = "| `Duration::MAX` | `dial::a_name`, `src/x.rs`, dial::bare and\n`limits::two`, `code::tests::three`, `outer::inner::four`, `five` in `x/y.rs`, `z` in `x` |";
        assert_eq!(
            named(text).collect::<Vec<_>>(),
            [
                ("dial", "a_name"),
                ("limits", "two"),
                ("code", "three"),
                ("inner", "four")
            ]
        );
        assert_eq!(named_with_file(text), [("five", "x/y.rs")]);
    }

    #[test]
    fn a_test_is_found_in_its_module_alone() {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        assert!(holds(&tests, "test_tables", "only_the_paths_of_tests_are_taken").unwrap());
        assert!(!holds(&tests, "style", "only_the_paths_of_tests_are_taken").unwrap());
    }
}
