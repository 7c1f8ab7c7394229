//! A few of the seeds that `cargo xtask torture` plays a thousand of.

use schmoozer_simulation::simulate;

#[test]
fn whoever_is_cut_off_comes_back_within_one_cap_of_the_heal() {
    for seed in 1..=20 {
        let outcome = simulate(seed).unwrap_or_else(|fault| {
            panic!("{fault}\nreplay: cargo xtask torture --seed {seed}");
        });
        assert!(outcome.outages > 0, "seed {seed} hurts nobody");
    }
}

#[test]
fn a_seed_is_played_the_same_way_again() {
    assert_eq!(simulate(7), simulate(7));
}
