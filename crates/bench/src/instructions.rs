use std::path::Path;
use std::process::Command;

/// The instructions that one more unit of work takes, counted by callgrind in user space.
///
/// `probe` is run twice with `what`, the `name` of the candidate and a number of units, and the difference is what
/// counts: starting up and ending cancel out.
///
/// # Errors
///
/// Why there is no count: valgrind is not installed, or the program fails under it.
pub fn instructions(probe: &Path, what: &str, name: &str) -> Result<f64, String> {
    const FEW: u32 = 500;
    const MANY: u32 = 2_500;

    let count = |units: u32| count(probe, &[what, name, &units.to_string()]);
    let (few, many) = (count(FEW)?, count(MANY)?);
    Ok((many - few) / f64::from(MANY - FEW))
}

fn count(probe: &Path, arguments: &[&str; 3]) -> Result<f64, String> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(probe)
        .args(arguments)
        .output()
        .map_err(|error| format!("valgrind does not start: {error}"))?;
    let printed = String::from_utf8_lossy(&output.stderr);
    let collected = printed
        .lines()
        .find_map(|line| line.split_once("Collected :"))
        .and_then(|(_, number)| number.trim().parse().ok());
    collected
        .filter(|_| output.status.success())
        .ok_or_else(|| format!("no count from valgrind: {printed}"))
}
