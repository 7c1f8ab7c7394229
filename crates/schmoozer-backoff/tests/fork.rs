//! Forked workers draw delays of their own, though a fork copies all that a process has.

#![cfg(all(unix, feature = "std"))]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs, process};

use fork::{Fork, fork, waitpid};
use schmoozer_backoff::{Exponential, Jitter, Rounds};

fn delays() -> Vec<Duration> {
    let full = Exponential::new(Duration::from_secs(1)).jitter(Jitter::Full);
    let rounds = Rounds::new(Duration::from_secs(1));
    full.into_iter()
        .take(4)
        .chain(rounds.into_iter().take(4))
        .collect()
}

#[test]
fn six_forked_workers_and_their_parent_all_differ() {
    // What is drawn from the operating system once is there before the fork.
    let _ = delays();
    let file = |worker: u32| -> PathBuf {
        let name = format!("schmoozer-backoff-fork-{}-{worker}", process::id());
        env::temp_dir().join(name)
    };
    let files: Vec<PathBuf> = (0..6).map(file).collect();
    for file in &files {
        match fork().expect("a fork") {
            Fork::Child => {
                let written = fs::write(file, format!("{:?}", delays()));
                process::exit(i32::from(written.is_err()));
            }
            Fork::Parent(child) => waitpid(child).expect("the child's end"),
        }
    }
    let mut drawn: BTreeSet<String> = files
        .iter()
        .map(|file| fs::read_to_string(file).expect("the child's delays"))
        .collect();
    drawn.insert(format!("{:?}", delays()));
    for file in &files {
        let _ = fs::remove_file(file);
    }
    assert_eq!(drawn.len(), 7, "{drawn:?}");
}
