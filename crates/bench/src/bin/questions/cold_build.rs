use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::rounds::median;
use crate::table::Bound::AtMost;
use crate::table::Table;

/// Few, for each takes seconds, and compilers do not vary much.
const ROUNDS: usize = 3;

const TOKIO: &str = r#"tokio = { version = "1", features = ["net", "rt", "time"] }"#;
const BACKOFF: &str = r#"schmoozer-backoff = { path = "{crates}/schmoozer-backoff" }"#;
const CORE: &str = r#"schmoozer-core = { path = "{crates}/schmoozer-core" }"#;
const TCP: &str = r#"schmoozer-tcp = { path = "{crates}/schmoozer-tcp" }"#;
const BEFORE: &str = r#"schmoozer = { version = "0.4.1", features = ["tcpconn"] }"#;
const BACKON: &str =
    r#"backon = { version = "1", default-features = false, features = ["std", "tokio-sleep"] }"#;

/// What the manifest of a user of each crate has.
const USERS: &[(&str, &[&str])] = &[
    ("tokio alone", &[TOKIO]),
    ("schmoozer-backoff alone", &[BACKOFF]),
    ("schmoozer-core and -backoff", &[TOKIO, CORE, BACKOFF]),
    ("schmoozer-tcp", &[TOKIO, TCP]),
    ("schmoozer 0.4.1", &[TOKIO, BEFORE]),
    ("backon", &[TOKIO, BACKON]),
    ("stubborn-io", &[TOKIO, r#"stubborn-io = "0.3""#]),
];

/// How long a user waits for the first build on one core, and for how many crates.
pub(crate) fn ask(quick: bool) -> Result<Table> {
    let mut table = Table::new(
        "A user's first build on one core; the ratio is to tokio alone",
        &["s", "ratio", "crates"],
    );
    let scratch = std::env::temp_dir().join(format!("schmoozer-cold-build-{}", std::process::id()));
    let mut seconds = vec![Vec::new(); USERS.len()];
    let mut counted = vec![0; USERS.len()];
    for _ in 0..if quick { 1 } else { ROUNDS } {
        for (index, (_, dependencies)) in USERS.iter().enumerate() {
            let user = scratch.join(index.to_string());
            write_user(&user, dependencies)?;
            counted[index] = count_crates(&user)?;
            let begin = Instant::now();
            cargo(&user, "build --quiet --offline --jobs 1")?;
            seconds[index].push(begin.elapsed().as_secs_f64());
            fs::remove_dir_all(user.join("target"))?;
        }
    }
    fs::remove_dir_all(&scratch)?;
    let medians: Vec<f64> = seconds.iter_mut().map(|values| median(values)).collect();
    for ((name, _), (median, crates)) in USERS.iter().zip(medians.iter().zip(counted)) {
        let ratio = median / medians[0];
        table.row(name, [*median, ratio, f64::from(crates)].map(Some));
    }
    table.target("schmoozer-backoff alone", "crates", AtMost(2.0))?;
    table.target("schmoozer-core and -backoff", "ratio", AtMost(1.25))?;
    Ok(table)
}

fn write_user(user: &Path, dependencies: &[&str]) -> Result<()> {
    let crates = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let dependencies = dependencies.join("\n").replace("{crates}", crates);
    let package = "[package]\nname = \"user\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n";
    fs::create_dir_all(user.join("src"))?;
    fs::write(
        user.join("Cargo.toml"),
        format!("{package}{dependencies}\n"),
    )?;
    fs::write(user.join("src/main.rs"), "fn main() {}\n")?;
    Ok(())
}

fn count_crates(user: &Path) -> Result<u32> {
    let printed = cargo(
        user,
        "tree --edges normal,build --prefix none --format {lib}",
    )?;
    let lines = printed.lines().map(|line| line.trim_end_matches(" (*)"));
    // The user's own package has no library.
    let crates: BTreeSet<&str> = lines.filter(|line| !line.is_empty()).collect();
    Ok(u32::try_from(crates.len())?)
}

fn cargo(user: &Path, arguments: &str) -> Result<String> {
    let output = Command::new("cargo")
        .args(arguments.split(' '))
        .current_dir(user)
        .env("CARGO_TARGET_DIR", user.join("target"))
        // Crates from a registry are never compiled incrementally; ours are taken from a path here.
        .env("CARGO_INCREMENTAL", "0")
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo {arguments}: {said}");
    Ok(String::from_utf8(output.stdout)?)
}
