//! A few of the seeds that `cargo xtask torture` plays a thousand of, and a plan that is drawn from none.

use torture::simulation::{Plan, play, simulate};

/// Row 17: partition and heal at random times; `cargo xtask torture` plays 1,000 seeds.
#[test]
fn whoever_is_cut_off_comes_back_within_one_cap_of_the_heal() {
    for seed in 1..=20 {
        let outcome = simulate(seed).unwrap_or_else(|fault| {
            panic!("{fault}\nreplay: cargo xtask torture --seed {seed}");
        });
        assert!(outcome.outages > 0, "seed {seed} has no outage");
    }
}

#[test]
fn a_seed_is_played_the_same_way_again() {
    assert_eq!(simulate(7), simulate(7));
}

/// Row 20: the server flaps once a second for an hour, over a simulated network.
#[test]
fn an_hour_in_which_the_server_hangs_up_once_a_second_is_one_outage() {
    let outcome = play(Plan::flapping()).unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(outcome.outages, 1);
    // Half a second up, and as long to wait; a little more, for the client does not listen all the time.
    assert!((3_300..=3_600).contains(&outcome.attempts));
}
