use std::env;
use std::process::Command;

/// Runs cargo as a shell does, and not as a test that cargo runs: what it says about this package would
/// make a build script that reads it run again.
#[must_use]
pub fn cargo(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments.split(' '));
    for (name, _) in env::vars_os() {
        if let Some(name) = name.to_str() {
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                command.env_remove(name);
            }
        }
    }
    command
}

/// Runs an example of this package as a shell does.
///
/// Cargo builds it, unless `EXAMPLES_ARE_BUILT` is set: then it lies beside the test, which may be on a system that has
/// no cargo.
#[must_use]
pub fn example(name: &str) -> Command {
    let test = env::current_exe().unwrap_or_default();
    let built = test
        .ancestors()
        .nth(2)
        .filter(|_| env::var_os("EXAMPLES_ARE_BUILT").is_some());
    match built {
        Some(directory) => {
            let file = format!("{name}{}", env::consts::EXE_SUFFIX);
            Command::new(directory.join("examples").join(file))
        }
        None => cargo(&format!(
            "run --quiet --package examples --example {name} --"
        )),
    }
}
