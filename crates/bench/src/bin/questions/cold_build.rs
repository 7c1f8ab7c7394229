use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::rounds::median;
use crate::table::Table;

/// Few, for each takes seconds, and compilers do not vary much.
const ROUNDS: usize = 3;

const TOKIO: &str = "tokio = { version = \"1\", features = [\"net\", \"rt\", \"time\"] }";

const BACKOFF_ALONE: &str = "schmoozer-backoff alone";

/// What a user of each crate adds to a manifest that has tokio, but for the one who needs none.
const USERS: &[(&str, &str)] = &[
    ("tokio alone", ""),
    (
        BACKOFF_ALONE,
        "schmoozer-backoff = { path = \"{crates}/schmoozer-backoff\" }",
    ),
    (
        "schmoozer-core and -backoff",
        "schmoozer-core = { path = \"{crates}/schmoozer-core\" }\nschmoozer-backoff = { path = \"{crates}/schmoozer-backoff\" }",
    ),
    (
        "schmoozer-tcp",
        "schmoozer-tcp = { path = \"{crates}/schmoozer-tcp\" }",
    ),
    (
        "schmoozer 0.4.1",
        "schmoozer = { version = \"0.4.1\", features = [\"tcpconn\"] }",
    ),
    (
        "backon",
        "backon = { version = \"1\", default-features = false, features = [\"std\", \"tokio-sleep\"] }",
    ),
    ("tokio-retry", "tokio-retry = \"0.3\""),
    (
        "tokio-retry2",
        "tokio-retry2 = { version = \"0.9\", features = [\"jitter\"] }",
    ),
    (
        "backoff",
        "backoff = { version = \"0.4\", features = [\"tokio\"] }",
    ),
    ("stubborn-io", "stubborn-io = \"0.3\""),
];

/// How long a user waits for the first build on one core, and for how many crates.
pub(crate) fn ask(quick: bool) -> Result<Table> {
    let mut table = Table::new(
        "A user's first build on one core; the ratio is to tokio alone",
        &["s", "ratio", "crates"],
    );
    let crates = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."));
    let scratch = std::env::temp_dir().join(format!("schmoozer-cold-build-{}", std::process::id()));
    let mut seconds = vec![Vec::new(); USERS.len()];
    let mut counted = vec![0; USERS.len()];
    for _ in 0..if quick { 1 } else { ROUNDS } {
        for (index, (name, dependency)) in USERS.iter().enumerate() {
            let user = scratch.join(index.to_string());
            let dependency = dependency.replace("{crates}", &crates.display().to_string());
            let tokio = if *name == BACKOFF_ALONE { "" } else { TOKIO };
            write_user(&user, &format!("{tokio}\n{dependency}"))?;
            counted[index] = count_crates(&user)?;
            let begin = Instant::now();
            cargo(&user, &["build", "--quiet", "--offline", "--jobs", "1"])?;
            seconds[index].push(begin.elapsed().as_secs_f64());
            fs::remove_dir_all(user.join("target"))?;
        }
    }
    fs::remove_dir_all(&scratch)?;
    let medians: Vec<f64> = seconds.iter_mut().map(|values| median(values)).collect();
    for (index, (name, _)) in USERS.iter().enumerate() {
        let ratio = medians[index] / medians[0];
        table.row(
            name,
            [
                Some(medians[index]),
                Some(ratio),
                Some(f64::from(counted[index])),
            ],
        );
    }
    Ok(table)
}

fn write_user(user: &Path, dependencies: &str) -> Result<()> {
    fs::create_dir_all(user.join("src"))?;
    let package =
        "[package]\nname = \"user\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(
        user.join("Cargo.toml"),
        format!("{package}[dependencies]\n{dependencies}\n"),
    )?;
    fs::write(user.join("src/main.rs"), "fn main() {}\n")?;
    Ok(())
}

fn count_crates(user: &Path) -> Result<u32> {
    let printed = cargo(
        user,
        &[
            "tree",
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{lib}",
        ],
    )?;
    let mut crates: Vec<&str> = printed
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        // The user's own package has no library.
        .filter(|line| !line.is_empty())
        .collect();
    crates.sort_unstable();
    crates.dedup();
    Ok(u32::try_from(crates.len())?)
}

fn cargo(user: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("cargo")
        .args(arguments)
        .current_dir(user)
        .env("CARGO_TARGET_DIR", user.join("target"))
        // Crates from a registry are never compiled incrementally; ours are taken from a path here.
        .env("CARGO_INCREMENTAL", "0")
        .stdin(Stdio::null())
        .output()?;
    ensure!(
        output.status.success(),
        "cargo {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}
