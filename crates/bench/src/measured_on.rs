use std::fs;
use std::num::NonZero;
use std::process::Command;
use std::thread;

/// What a table was measured on, and when: the processor, its cores, the system, the compiler and the date.
///
/// What the system does not tell is left out.
#[must_use]
pub fn measured_on() -> String {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let parts = [
        processor(),
        Some(format!("{cores} cores")),
        said("uname", &["-s", "-r"]),
        said("rustc", &["--version"]),
        said("date", &["-u", "+%Y-%m-%d"]),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    format!("Measured on: {}.", parts.join(", "))
}

fn processor() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut lines = info.lines().filter_map(|line| line.split_once(": "));
    let model = lines.find(|(name, _)| name.starts_with("model name"));
    model.map_or_else(|| said("uname", &["-m"]), |(_, name)| Some(name.to_owned()))
}

/// The first line that a command prints.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let line = String::from_utf8(output.stdout)
        .ok()?
        .lines()
        .next()?
        .to_owned();
    (output.status.success() && !line.is_empty()).then_some(line)
}
