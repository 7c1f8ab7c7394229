//! A few connectors for a few seconds: that they come through, and that each verdict can be a bad one.

use std::fs::File;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use schmoozer_core::Pacer;
use torture::{Report, Soak};

const TORTURE: &str = env!("CARGO_BIN_EXE_torture");

const SMALL: Soak = Soak {
    connectors: 50,
    duration: Duration::from_millis(1_500),
    per_second: 200,
    burst: 10,
    heartbeat: Duration::from_millis(200),
    patience: Duration::from_secs(30),
    seed: 1,
};

/// What a soak measures is the process: one at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Soaks [`SMALL`], whose pacer lets so many attempts through.
fn soak(per_second: u32) -> Report {
    let pacer = Pacer::per_second(per_second).burst(SMALL.burst).unwrap();
    let mut servers = Command::new(TORTURE);
    servers.args(["--part", "soak", "--heartbeat", "200ms"]);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let soaking = SMALL.run(&pacer, servers, |_| ());
    runtime.block_on(soaking).unwrap()
}

/// What did not hold.
fn bad(report: &Report) -> Vec<&str> {
    let bad = report.verdicts.iter().filter(|it| !it.holds);
    bad.map(|it| it.on).collect()
}

/// Row 31: connectors with a pacer lose their servers; 10,000 of them with `cargo xtask torture --soak 10m`.
#[test]
fn fifty_connectors_come_through() {
    let _alone = alone();
    let report = soak(SMALL.per_second);
    assert!(bad(&report).is_empty(), "{report:?}");
    assert!(report.lost > 50, "the servers were too kind: {report:?}");
}

#[test]
fn memory_that_is_kept_is_found() {
    let _alone = alone();
    let leak = thread::spawn(|| {
        thread::sleep(SMALL.duration);
        // Not zero, so that the pages are there.
        let kept = vec![1_u8; 32 << 20];
        thread::sleep(SMALL.duration * 3);
        kept
    });
    let report = soak(SMALL.per_second);
    assert_eq!(leak.join().unwrap().len(), 32 << 20);
    assert_eq!(bad(&report), ["memory"], "{report:?}");
}

#[test]
fn a_descriptor_that_is_kept_is_found() {
    let _alone = alone();
    let leak = thread::spawn(|| {
        // After all were connected for the first time, which takes the pacer a quarter of a second.
        thread::sleep(SMALL.duration);
        File::open("/dev/null")
    });
    let report = soak(SMALL.per_second);
    drop(leak.join().unwrap());
    assert_eq!(bad(&report), ["descriptors"], "{report:?}");
}

#[test]
fn attempts_that_pass_the_bound_are_found() {
    let _alone = alone();
    let report = soak(10 * SMALL.per_second);
    assert_eq!(bad(&report), ["pacer"], "{report:?}");
}

#[test]
fn the_program_says_what_held_and_ends_accordingly() {
    let _alone = alone();
    let run = |options: &str| {
        let output = Command::new(TORTURE)
            .args(options.split(' '))
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), printed)
    };
    let small = "--soak 1s --connectors 20 --rate 300 --burst 7 --heartbeat 200ms --seed 2";
    let (code, printed) = run(small);
    assert_eq!(code, Some(0), "{printed}");
    let progress = printed.lines().filter(|line| line.contains("  waiting "));
    assert!(progress.count() > 5, "{printed}");
    assert!(
        printed.contains("\nconnected    ok      20 of 20, "),
        "{printed}"
    );
    assert!(printed.contains("300 × t + "), "{printed}");
    assert!(printed.contains("the burst is 7,"), "{printed}");

    let (code, printed) = run(&format!("{small} --patience 0s"));
    assert_eq!(code, Some(1), "{printed}");
    assert!(printed.contains("\nconnected    FAILED  "), "{printed}");
}
