//! Runs the tests that name rows, as cargo runs them.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::{Named, named, sources};

/// What came of a test that names a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// What the documentation of the test says.
    pub named: Named,
    /// The package, and the name of the test in its program.
    pub test: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It passed.
    Passed,
    /// It said why it cannot run on this machine.
    Skipped(String),
    /// It failed, or was not found.
    Failed,
}

/// A test: its package, and the name of its file, which is that of its module or program.
struct Test {
    package: String,
    stem: String,
    named: Named,
}

/// Runs the tests of the project at `root` that name a wanted row, one at a time.
///
/// # Errors
///
/// When a file cannot be read, or the tests cannot be built.
pub fn run(root: &Path, is_wanted: impl Fn(&str) -> bool) -> io::Result<Vec<Ran>> {
    let mut tests = Vec::new();
    for file in [
        sources(&root.join("crates"))?,
        sources(&root.join("examples"))?,
    ]
    .concat()
    {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        for named in named(&fs::read_to_string(&file)?) {
            if is_wanted(&named.row) {
                tests.push(Test {
                    package: package_of(&file)?,
                    stem: stem.clone().into_owned(),
                    named,
                });
            }
        }
    }
    // What the benchmark measures must not have the features that others ask for.
    let (bench, others): (Vec<_>, Vec<_>) = tests
        .into_iter()
        .partition(|it: &Test| it.package == "bench");
    let mut ran = run_together(root, &others)?;
    ran.extend(run_together(root, &bench)?);
    Ok(ran)
}

fn run_together(root: &Path, tests: &[Test]) -> io::Result<Vec<Ran>> {
    let packages: BTreeSet<&str> = tests.iter().map(|it| it.package.as_str()).collect();
    if packages.is_empty() {
        return Ok(Vec::new());
    }
    let listed = cargo_test(root, &packages, &["--list"])?;
    let all: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .collect();
    let names: Vec<_> = tests.iter().map(|test| full_name(&all, test)).collect();
    let distinct: BTreeSet<&str> = names.iter().copied().flatten().collect();
    let mut arguments = vec!["--exact", "--show-output", "--test-threads", "1"];
    arguments.extend(distinct);
    let printed = cargo_test(root, &packages, &arguments)?;
    let outcomes = outcomes(&printed);
    let ran = |(test, name): (&Test, Option<&str>)| Ran {
        named: test.named.clone(),
        test: format!("{}: {}", test.package, name.unwrap_or(&test.stem)),
        outcome: match name.and_then(|name| outcomes.get(name)) {
            Some(outcome) => outcome.clone(),
            None => Outcome::Failed,
        },
    };
    Ok(tests.iter().zip(names).map(ran).collect())
}

/// The name in the manifest that is nearest above a file.
fn package_of(file: &Path) -> io::Result<String> {
    let manifest = file
        .ancestors()
        .map(|it| it.join("Cargo.toml"))
        .find(|it| it.is_file());
    let manifest = fs::read_to_string(manifest.ok_or(io::ErrorKind::NotFound)?)?;
    let mut lines = manifest.lines();
    let name = lines.find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    Ok(name.ok_or(io::ErrorKind::InvalidData)?.to_owned())
}

/// The path of a test within its program: it ends with the name of the file, if it has modules.
fn full_name<'a>(all: &[&'a str], test: &Test) -> Option<&'a str> {
    let name = test.named.test.as_deref()?;
    all.iter().copied().find(|path| {
        let mut parts = path.rsplit("::").filter(|it| *it != "tests");
        parts.next() == Some(name) && parts.next().is_none_or(|module| module == test.stem)
    })
}

fn cargo_test(root: &Path, packages: &BTreeSet<&str>, arguments: &[&str]) -> io::Result<String> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    // What the cargo that runs this program says about it would make a build script that reads it build again.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command.current_dir(root);
    command.args(["test", "--locked", "--no-fail-fast", "--all-features"]);
    command.args(["--tests", "--examples"]);
    command.args(packages.iter().flat_map(|package| ["--package", package]));
    let output = command.arg("--").args(arguments).output()?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    // Where a test fails, its line says so.
    if output.status.success() || printed.contains("\ntest result: FAILED") {
        return Ok(printed);
    }
    let why = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("cargo test: {why}{printed}")))
}

/// What became of each test in what tests print that run one after the other.
fn outcomes(printed: &str) -> BTreeMap<&str, Outcome> {
    let mut outcomes = BTreeMap::new();
    let mut current = "";
    for line in printed.lines() {
        let mut said = line;
        if let Some((name, rest)) = line
            .strip_prefix("test ")
            .and_then(|it| it.split_once(" ... "))
        {
            (current, said) = (name.split(" - ").next().unwrap_or(name), rest);
        } else if let Some(name) = line.strip_prefix("---- ") {
            current = name.split(' ').next().unwrap_or(name);
        }
        let outcome = match (said, said.strip_prefix("skipped: ")) {
            ("ok", _) => Outcome::Passed,
            ("FAILED", _) => Outcome::Failed,
            (_, Some(why)) => Outcome::Skipped(why.to_owned()),
            _ if said.starts_with("ignored") => Outcome::Skipped(said.to_owned()),
            _ => continue,
        };
        // Programs may have tests of one name: the worst counts.
        if outcome != Outcome::Passed || !outcomes.contains_key(current) {
            outcomes.insert(current, outcome);
        }
    }
    outcomes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_found_by_its_file_and_its_name() {
        let test = |stem: &str, text| Test {
            package: String::new(),
            stem: stem.to_owned(),
            named: named(text).remove(0),
        };
        let waits = "/// Row 1: a.\n#[test]\nfn waits() {}\n";
        let all = [
            "loopback::dial::waits",
            "loopback::outages::waits",
            "lookup::tests::waits",
            "gives_up",
        ];
        for (stem, full) in [
            ("outages", Some(all[1])),
            ("lookup", Some(all[2])),
            ("race", None),
        ] {
            assert_eq!(full_name(&all, &test(stem, waits)), full);
        }
        let gives_up = test("grpc", "/// Row 1: a.\n#[test]\nfn gives_up() {}\n");
        assert_eq!(full_name(&all, &gives_up), Some(all[3]));
    }

    #[test]
    fn each_test_has_its_outcome_and_a_skipped_one_its_reason() {
        let printed = "\
test a::waits ... ok
test a::breaks - should panic ... FAILED
test a::parks ...\u{20}
skipped: no namespace
ok
test a::listens ... ok
test a::by_hand ... ignored, takes an hour
---- a::listens stdout ----
skipped: no server
test result: FAILED. 12 passed; 1 failed
";
        let outcomes = outcomes(printed);
        let skipped = |why: &str| Outcome::Skipped(why.to_owned());
        for (name, expected) in [
            ("a::waits", Outcome::Passed),
            ("a::breaks", Outcome::Failed),
            ("a::parks", skipped("no namespace")),
            ("a::listens", skipped("no server")),
            ("a::by_hand", skipped("ignored, takes an hour")),
        ] {
            assert_eq!(outcomes[name], expected, "{name}");
        }
    }
}
