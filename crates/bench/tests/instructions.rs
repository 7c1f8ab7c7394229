//! What an attempt, a delay and a dial cost over what is written by hand, in instructions: the same in every run.

use std::path::{Path, PathBuf};
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

/// Asserts that `ours` takes at most `ratio` times the instructions of `bare`.
#[track_caller]
fn assert_ratio(probe: &Path, ours: &[&str], bare: &[&str], ratio: f64) {
    let count = |what: &[&str]| instructions(probe, what).expect("a count");
    let (ours_takes, bare_takes) = (count(ours), count(bare));
    println!("{ours:?} {ours_takes:.0}, {bare:?} {bare_takes:.0}");
    assert!(
        ours_takes <= bare_takes * ratio,
        "{ours:?} takes {ours_takes:.0} instructions, {bare:?} {bare_takes:.0}"
    );
}

#[test]
fn an_attempt_costs_little_more_than_by_hand() {
    let Some(probe) = probe() else { return };
    // The loop by hand yields, reads the clock as often, and knows as much of a failure.
    for operation in ["ready", "suspends"] {
        assert_ratio(
            &probe,
            &["loop", "schmoozer-core run", operation],
            &["loop", "bare, cooperative, recorded", operation],
            1.3,
        );
        let count = |name: &str| instructions(&probe, &["loop", name, operation]).expect("a count");
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
            println!("{options}, {operation}: {takes:.0}, at most {limit:.0}");
            assert!(takes <= limit, "{options}, {operation}: {takes:.0}");
        }
    }
}

#[test]
fn a_delay_costs_a_quarter_of_one_by_hand_and_within_limits_half() {
    let Some(probe) = probe() else { return };
    for (what, source, ratio) in [
        ("delays", "schmoozer-backoff", 0.25),
        ("delays", "schmoozer-backoff, x1.6 and limits", 0.5),
        // Eight of them, with the making of the sequence and its seed.
        ("sequences", "schmoozer-backoff", 1.2),
        ("sequences", "schmoozer-backoff, x1.6 and limits", 1.4),
    ] {
        assert_ratio(&probe, &[what, source], &[what, "by hand"], ratio);
    }
}

#[test]
fn a_dial_costs_little_more_than_a_bare_connect() {
    let Some(probe) = probe() else { return };
    for (dial, bare, ratio) in [
        ("schmoozer-tcp, no options", "bare", 1.15),
        ("schmoozer-tcp", "bare, the same options", 1.1),
    ] {
        assert_ratio(&probe, &["dial", dial], &["dial", bare], ratio);
    }
}
