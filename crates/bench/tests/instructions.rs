//! What an attempt, a delay and a dial cost over what is written by hand, in instructions: the same in every run.
//!
//! Our own code starts callgrind, and not gungraun 0.18.2, the last one for Rust 1.85.0. It was tried, and counts the
//! same, but its limits are of one benchmark: ratios of two would still be compared here, from the JSON that it prints.
//! It runs only benchmarks of cargo, with the features that tests ask for: tokio's `test-util` adds 59 instructions to
//! an attempt. So it takes a package of its own, 61 lines more than this in all, and a runner that compiles in a minute.

use std::path::PathBuf;
use std::process::Command;

use bench::instructions;

/// Builds the program to look at, with optimizations and without the peers. None says why not.
fn probe() -> Option<PathBuf> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("skipped: instructions are not counted, valgrind is not installed");
        return None;
    }
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("probe");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--no-default-features"])
        .args([
            "--manifest-path",
            concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
        ])
        .args(["--bin", "probe", "--target-dir"])
        .arg(&target)
        .status()
        .expect("cargo starts");
    assert!(built.success(), "the probe does not build");
    Some(target.join("release").join("probe"))
}

#[test]
fn the_full_loop_takes_at_most_2000_an_attempt_and_little_more_with_options() {
    let Some(probe) = probe() else { return };
    for what in ["ready", "suspends"] {
        let count = |name: &str| instructions(&probe, what, name).expect("a count");
        let text = count("bare, flat, a cause as text") - count("bare, flat");
        for (options, limit) in [
            ("Runner", 2_000.0),
            ("Runner, observer", 2_000.0),
            // A handle reads the text of each cause.
            ("Runner, handle", 2_000.0 + 1.3 * text),
            // Five options at once: each may cost 230 more.
            ("Runner, options", 2_000.0 + 5.0 * 230.0),
        ] {
            let takes = count(&format!("schmoozer-core {options}"));
            println!("{what}, {options}: {takes:.0}, at most {limit:.0}");
            assert!(takes <= limit, "{what}, {options}: {takes:.0}");
        }
    }
}

#[test]
fn the_plain_loop_a_delay_and_a_dial_take_little_more_than_by_hand() {
    let Some(probe) = probe() else { return };
    // The loop by hand yields, reads the clock as often, and knows as much of a failure.
    let (run, recorded) = ("schmoozer-core run", "bare, cooperative, recorded");
    let (delay, limited) = ("schmoozer-backoff", "schmoozer-backoff, x1.6 and limits");
    for (what, ours, by_hand, ratio) in [
        ("ready", run, recorded, 1.3),
        ("suspends", run, recorded, 1.3),
        ("delays", delay, "by hand", 0.25),
        ("delays", limited, "by hand", 0.5),
        // Eight delays, with the making of the sequence and its seed.
        ("sequences", delay, "by hand", 1.2),
        ("sequences", limited, "by hand", 1.4),
        ("dials", "schmoozer-tcp, no options", "bare", 1.15),
        ("dials", "schmoozer-tcp", "bare, the same options", 1.1),
    ] {
        let count = |name| instructions(&probe, what, name).expect("a count");
        let (ours_takes, by_hand_takes) = (count(ours), count(by_hand));
        println!("{what}, {ours}: {ours_takes:.0}, {by_hand}: {by_hand_takes:.0}");
        assert!(ours_takes <= by_hand_takes * ratio, "{what}, {ours}");
    }
}
