//! Examples that start what they need themselves, as a shell runs them.

use std::process::Stdio;

use examples::cargo;

/// What an example prints. It must end well, and say nothing else.
fn printed(package: &str, example: &str) -> String {
    let arguments = format!("run --quiet --package {package} --example {example}");
    let ended = cargo(&arguments).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!((ended.status.success(), said.as_str()), (true, ""));
    String::from_utf8(ended.stdout).unwrap()
}

#[test]
fn handover_never_leaves_its_readers_without_a_client() {
    let printed = printed("examples", "handover");
    assert_eq!(printed.matches(" takes over\n").count(), 10, "{printed}");
    assert_eq!(
        printed.matches("the old one stays: ").count(),
        1,
        "{printed}"
    );
    let last = printed.lines().last().unwrap();
    assert!(last.contains(" answers, 0 requests lost, 0 of "), "{last}");
    assert!(!last.starts_with("0 answers"), "{last}");
}

#[test]
fn roaming_makes_no_attempt_while_there_is_no_network() {
    let printed = printed("larger-examples", "roaming");
    if let Some(reason) = printed.lines().find(|line| line.starts_with("skipped: ")) {
        println!("{reason}");
        return;
    }
    let attempts = "attempts before the network came, each time: [0, 1]\n";
    assert!(printed.ends_with(attempts), "{printed}");
}

/// The program that reads the table of `storm` ends before it is printed, as `head` does.
#[test]
fn storm_ends_well_when_its_output_is_read_no_further() {
    let storm = "run --quiet --package larger-examples --example storm";
    let mut storm = cargo(&format!("{storm} -- --clients 100 --policy constant:1s"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(storm.stdout.take());
    let ended = storm.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    assert!(ended.status.success());
}
