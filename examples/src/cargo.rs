use std::env;
use std::process::Command;

/// Runs cargo as a shell does, and not as a test that cargo runs: what it says about this package would
/// make a build script that looks at it build anew.
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
