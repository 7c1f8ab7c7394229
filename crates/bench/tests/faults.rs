//! What the README says of faults that are quick to show, of ours and of what went before; the rest is shown by
//! `cargo xtask bench --faults`.

use std::process::Command;

/// The attempts and the outcome of each client, by fault.
fn outcomes(faults: &[&str], seconds: &str) -> Vec<(String, String, u32, String)> {
    let output = Command::new(env!("CARGO_BIN_EXE_faults"))
        .args(["--client", "schmoozer-tcp", "--client", "schmoozer 0.4.1"])
        .args(["--seconds", seconds])
        .args(faults.iter().flat_map(|fault| ["--only", fault]))
        .output()
        .expect("it can be run");
    let told = String::from_utf8_lossy(&output.stdout);
    println!("{told}{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success());
    let rows = told.lines().skip(2).map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let attempts = cells[3].parse().unwrap_or_default();
        (cells[1].into(), cells[2].into(), attempts, cells[4].into())
    });
    rows.collect()
}

#[test]
fn ours_outlasts_what_ends_its_predecessor() {
    let rows = outcomes(&["name-not-found", "no-descriptors", "no-route"], "5");
    let mut ours = 0;
    for (fault, client, attempts, outcome) in rows {
        match client.as_str() {
            "schmoozer-tcp" => {
                let passes = fault != "name-not-found";
                if passes {
                    let after = outcome
                        .strip_prefix("connected, ")
                        .and_then(|rest| rest.split_once(" s"));
                    let after: f64 = after.expect(&outcome).0.parse().expect("seconds");
                    // Within a second, and one more for a busy machine.
                    assert!(after < 2.0, "{fault}: {outcome}");
                } else {
                    assert_eq!(outcome, "goes on trying", "{fault}");
                }
                // Twice a second once the delays have grown, and a few until then.
                assert!((4..40).contains(&attempts), "{fault}: {attempts}");
                ours += 1;
            }
            "schmoozer 0.4.1" => {
                assert_eq!(attempts, 1, "{fault}");
                assert!(
                    outcome.starts_with("gave up after 0 s"),
                    "{fault}: {outcome}"
                );
            }
            _ => {
                assert!(outcome.starts_with("skipped: "), "{fault}: {outcome}");
                println!("{outcome} ({fault})");
            }
        }
    }
    assert!(ours >= 2, "at most one fault can be out of reach");
}

#[test]
fn a_server_that_closes_at_once_is_not_flooded() {
    let faults = ["accept-then-close", "accept-then-reset", "login-then-close"];
    for (fault, client, attempts, outcome) in outcomes(&faults, "3") {
        // A reset can come so soon that it fails the connect, which the predecessor takes for final.
        let may_end = client != "schmoozer-tcp" && fault == "accept-then-reset";
        if may_end && outcome.ends_with("(os error 104)") {
            continue;
        }
        assert_eq!(outcome, "goes on trying");
        assert!((2..40).contains(&attempts), "{client}: {attempts}");
    }
}
