//! What an attempt, a delay and a dial cost over what is written by hand, in instructions: the same in every run.

use std::collections::BTreeMap;

use bench::{instructions, missing_counter};

/// Counts without the peers, which take as long to build as all else.
fn count(what: &str) -> Option<BTreeMap<&'static str, f64>> {
    if let Some(name) = missing_counter() {
        println!("skipped: instructions are not counted, {name} is not installed");
        return None;
    }
    println!("{what}");
    Some(instructions(what, "").expect("a count"))
}

fn at_most(limit: f64, name: &str, counts: &BTreeMap<&str, f64>) {
    let takes = counts[name];
    println!("{name}: {takes:.0}, at most {limit:.0}");
    assert!(takes <= limit, "{name} takes {takes:.0}, over {limit:.0}");
}

#[test]
fn the_plain_loop_takes_little_more_than_by_hand_and_the_full_one_at_most_2000_an_attempt() {
    for what in ["ready", "suspends"] {
        let Some(counts) = count(what) else { return };
        // The loop by hand yields, reads the clock as often, and knows as much of a failure.
        let by_hand = counts["bare, cooperative, recorded"];
        at_most(1.3 * by_hand, "schmoozer-core run", &counts);
        at_most(2_000.0, "schmoozer-core Runner", &counts);
        at_most(2_000.0, "schmoozer-core Runner, observer", &counts);
        // A handle reads the text of each cause.
        let text = counts["bare, flat, a cause as text"] - counts["bare, flat"];
        let with_text = 2_000.0 + 1.3 * text;
        at_most(with_text, "schmoozer-core Runner, handle", &counts);
        // Five options at once: each may cost 230 more.
        let with_options = 2_000.0 + 5.0 * 230.0;
        at_most(with_options, "schmoozer-core Runner, options", &counts);
    }
}

#[test]
fn a_delay_takes_little_beside_one_by_hand_and_a_sequence_of_eight_little_more() {
    // A sequence is eight delays, with the making of it and its seed.
    for (what, plain, limited) in [("delays", 0.25, 0.5), ("sequences", 1.2, 1.4)] {
        let Some(counts) = count(what) else { return };
        let by_hand = counts["by hand"];
        at_most(plain * by_hand, "schmoozer-backoff", &counts);
        let name = "schmoozer-backoff, x1.6 and limits";
        at_most(limited * by_hand, name, &counts);
    }
}

#[test]
fn a_dial_takes_little_more_than_by_hand() {
    let Some(counts) = count("dials") else { return };
    at_most(1.1 * counts["bare"], "schmoozer-tcp, no options", &counts);
    let by_hand = counts["bare, the same options"];
    at_most(1.06 * by_hand, "schmoozer-tcp", &counts);
}
