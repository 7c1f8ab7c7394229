//! `fleet` without a terminal.

use std::process::{Command, Output};

fn fleet(arguments: &str) -> (bool, String) {
    let mut command = Command::new(env!("CARGO"));
    command.args("run --quiet --package larger-examples --example fleet -- --plain".split(' '));
    said(command.args(arguments.split(' ')))
}

fn said(command: &mut Command) -> (bool, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let said = [stdout, stderr].map(|said| String::from_utf8(said).unwrap());
    (status.success(), said.concat())
}

#[test]
fn it_is_killed_and_blackholed_and_each_time_all_come_back_as_fast_as_the_server_takes_them() {
    let picture = concat!(env!("CARGO_TARGET_TMPDIR"), "/fleet.svg");
    let (success, said) = fleet(&format!("--clients 30 --capacity 10 --svg {picture}"));
    assert!(success, "{said}");
    let picture = std::fs::read_to_string(picture).unwrap();
    assert!(picture.contains(">connected</text>"), "{picture}");
    assert!(picture.contains(">killed</text>"), "{picture}");
    let marks: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("--- ")?.split_once(": "))
        .map(|(_, mark)| mark)
        .collect();
    let words = marks.iter().map(|mark| mark.rsplit(' ').next().unwrap());
    let expected = [
        "attempts",
        "killed",
        "revived",
        "attempts",
        "blackholed",
        "revived",
        "attempts",
    ];
    assert_eq!(words.collect::<Vec<_>>(), expected, "{said}");
    for back in [marks[0], marks[3]] {
        let seconds = back.strip_prefix("all 30 connected after ").unwrap();
        let seconds: f64 = seconds.split(' ').next().unwrap().parse().unwrap();
        assert!(seconds >= 2.0, "{said}");
    }
    assert!(said.contains("server killed"), "{said}");
    assert!(said.contains("server blackholed"), "{said}");
    assert!(
        said.lines()
            .all(|line| line.contains(" 0 queued") || line.starts_with("---"))
    );
}

#[test]
fn a_pacer_queues_the_connectors() {
    let (success, said) = fleet("--clients 40 --capacity 1000 --pacer 20");
    assert!(success, "{said}");
    assert!(
        said.lines()
            .any(|line| line.contains(" queued") && !line.contains(" 0 queued")),
        "{said}"
    );
}

#[test]
fn a_policy_that_ends_ends_it_with_the_cause() {
    let (success, said) = fleet("--clients 5 --capacity 1000 --policy constant:50ms,max_retries=1");
    assert!(!success, "{said}");
    let last = said.lines().last().unwrap();
    assert!(
        last.starts_with("fleet: ") && last.contains("refused"),
        "{said}"
    );
}

#[test]
#[cfg(unix)]
fn a_limit_on_open_files_that_is_too_low_is_told() {
    let cargo = env!("CARGO");
    let run = "run --quiet --package larger-examples --example fleet -- --clients 2000";
    let mut shell = Command::new("sh");
    let (success, said) = said(shell.args(["-c", &format!("ulimit -n 500; '{cargo}' {run}")]));
    assert!(!success);
    assert!(
        said.contains("500, which is enough for 218 connectors; `ulimit -n` raises it"),
        "{said}"
    );
}
