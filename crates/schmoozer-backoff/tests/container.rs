//! Containers draw delays of their own, though every process in them is number 1.

#![cfg(all(target_os = "linux", feature = "std"))]

use std::collections::BTreeSet;
use std::process::{Command, id};
use std::time::Duration;
use std::{env, iter};

use schmoozer_backoff::{Exponential, Jitter, Rounds};

const CONTAINER: &str = "SCHMOOZER_BACKOFF_CONTAINER";

fn delays() -> Vec<Duration> {
    let full = Exponential::new(Duration::from_secs(1)).jitter(Jitter::Full);
    let rounds = Rounds::new(Duration::from_secs(1));
    full.into_iter()
        .take(4)
        .chain(rounds.into_iter().take(4))
        .collect()
}

/// Runs a program as process 1 of a PID namespace.
fn in_a_container() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork"]);
    command
}

/// Why there can be no PID namespace here, if there can be none.
fn missing() -> Option<String> {
    match in_a_container().arg("true").output() {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Some(format!("unshare: {error}")),
    }
}

/// What process 1 of a new container draws. It is this test.
fn drawn_in_a_container() -> String {
    let this = "six_containers_and_their_host_all_differ";
    let container = in_a_container()
        .arg(env::current_exe().expect("the path of this test"))
        .args(["--exact", this, "--nocapture"])
        .env(CONTAINER, "")
        .output()
        .expect("a container");
    let said = String::from_utf8_lossy(&container.stdout);
    let (_, drawn) = said.split_once("process 1 draws ").expect("its delays");
    drawn.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn six_containers_and_their_host_all_differ() {
    if env::var_os(CONTAINER).is_some() {
        println!("process {} draws {:?}", id(), delays());
        return;
    }
    if let Some(reason) = missing() {
        println!("skipped: there can be no PID namespace: {reason}");
        return;
    }
    let containers = iter::repeat_with(drawn_in_a_container).take(6);
    let drawn: BTreeSet<String> = containers.chain([format!("{:?}", delays())]).collect();
    assert_eq!(drawn.len(), 7, "{drawn:?}");
}
