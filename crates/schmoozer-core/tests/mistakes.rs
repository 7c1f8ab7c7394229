//! What the compiler says to the likeliest mistakes: it is part of the interface.

use std::process::Command;

/// The compiler whose words are kept beside the mistakes; others word them differently.
const WORDED_BY: &str = "rustc 1.95.";

#[test]
fn the_compiler_points_at_the_users_line() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    if !version.starts_with(WORDED_BY) {
        eprintln!("skipped: the messages kept are those of {WORDED_BY}x, this is {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/mistakes/*.rs");
}
