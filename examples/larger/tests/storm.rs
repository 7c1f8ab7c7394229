//! `storm`, as a shell runs it.

use std::process::Stdio;

use examples::cargo;

/// The program that reads its table ends before it is printed, as `head` does.
#[test]
fn ends_well_when_nobody_reads_on() {
    let mut storm = cargo(
        "run --quiet --package larger-examples --example storm -- --clients 100 --policy constant:1s",
    );
    let mut storm = storm
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(storm.stdout.take());
    let ended = storm.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    assert!(ended.status.success());
}
