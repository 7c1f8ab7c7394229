//! What policies and the rules of the loop do to a server that a whole fleet loses.

use std::time::Duration;

use fastrand::Rng;
use schmoozer_backoff::{Exponential, Rounds};
use storm::{Outcome, Rules, Start, Storm, simulate};

const SECOND: Duration = Duration::from_secs(1);

fn in_rounds(storm: &Storm) -> Outcome {
    let rounds = Rounds::for_fleet(storm.clients.into(), storm.capacity.into());
    simulate(storm, |sequence| rounds.seeded(sequence).into_iter())
}

/// Asserts what rounds promise for the last return: 99 % of the clients back in `back` times the ideal, never more than
/// `peak` times the capacity (and what chance adds), and no lockstep.
#[track_caller]
fn assert_promises(storm: &Storm, back: f64, peak: f64) -> Outcome {
    let outcome = in_rounds(storm);
    let number = outcome.phases.len() - 1;
    let phase = &outcome.phases[number];
    let most = phase.most.map(|most| most.as_secs_f64() / storm.ideal());
    assert!(most.is_some_and(|most| most <= back), "{most:?} {phase:?}");
    for number in 0..=number {
        let offered = 2.6 * f64::from(storm.capacity);
        let busiest = f64::from(outcome.peak(number));
        // Of n attempts that do not know of each other chance makes n ± √n.
        let allowed = (peak * f64::from(storm.capacity)).max(offered + 3.0 * offered.sqrt());
        assert!(busiest <= allowed, "crash {number}: {busiest} in a second");
        let lockstep = f64::from(outcome.lockstep(number));
        let by_chance = offered / 1_000.0;
        assert!(
            lockstep <= by_chance + 8.0 * by_chance.sqrt() + 4.0,
            "crash {number}: {lockstep} in 1 ms"
        );
    }
    outcome
}

#[test]
fn rounds_bring_a_fleet_back_about_as_fast_as_the_server_takes_it_however_long_it_was_away() {
    for (down, attempts) in [(0, 2), (5, 2), (60, 4), (120, 6)] {
        let outcome = assert_promises(&Storm::new(100_000, 1_000, down), 1.2, 2.7);
        assert!(outcome.attempts() <= attempts * 100_000, "{down} s");
        assert!(outcome.first_second(0) <= 2_750, "{down} s");
    }
}

#[test]
fn rounds_hold_when_the_server_crashes_again_15_s_after_its_return() {
    // The last is the worst for the peak: of an ideal of 15 s most clients are back, and few are stable.
    for (clients, capacity, peak) in [
        (100_000, 10_000, 2.7),
        (100_000, 1_000, 2.7),
        (75_000, 5_000, 2.75),
    ] {
        for (first, second) in [(5, 3), (60, 5), (60, 60)] {
            let storm = Storm::new(clients, capacity, first).again(15, second);
            let outcome = assert_promises(&storm, 1.21, peak);
            let second = outcome.attempts_in(1) / u64::from(clients);
            assert!(second <= 17, "{second} attempts a client");
        }
    }
}

/// Row 59: a fleet whose server crashes again 15 s after its return is back soon, without lockstep.
#[test]
fn five_thousand_clients_in_rounds_do_not_lock_into_step() {
    let outcome = assert_promises(&Storm::new(5_000, 500, 5).again(15, 3), 1.25, 2.7);
    let all = outcome.phases[1].all.expect("all are back");
    assert!(all <= 15 * SECOND, "{all:?}");
    assert!(outcome.lockstep(1) <= 12, "{} in 1 ms", outcome.lockstep(1));
}

#[test]
fn rounds_hold_through_a_crash_during_the_return_and_through_three_in_a_row() {
    assert_promises(&Storm::new(100_000, 10_000, 60).again(5, 5), 1.22, 2.7);
    let three = Storm::new(100_000, 10_000, 5);
    assert_promises(&three.again(6, 3).again(5, 3).again(8, 5), 1.25, 2.7);
}

#[test]
fn rounds_hold_where_a_refusal_takes_two_seconds() {
    let storm = Storm {
        refusal: 2 * SECOND,
        ..Storm::new(100_000, 1_000, 60).again(15, 5)
    };
    assert_promises(&storm, 1.2, 2.7);
}

#[test]
fn delays_that_count_from_the_start_undo_rounds() {
    let rules = Rules {
        from_start: true,
        ..Rules::DEFAULT
    };
    let storm = Storm {
        rules,
        ..Storm::new(5_000, 500, 5).again(15, 3)
    };
    assert_eq!(in_rounds(&storm).lockstep(0), 5_000);
}

#[test]
fn a_million_clients_in_rounds_come_back() {
    let outcome = assert_promises(&Storm::new(1_000_000, 10_000, 5), 1.2, 2.7);
    assert!(outcome.attempts() <= 2_100_000, "{}", outcome.attempts());
}

/// How many of a thousand make their first attempt in the busiest 10 ms, and from when until when, in milliseconds.
fn first_attempts(draw: fn(&mut Rng) -> Duration) -> (u32, usize, usize) {
    let storm = Storm {
        start: Start::At(draw),
        ..Storm::new(1_000, 1_000, 0)
    };
    let outcome = simulate(&storm, |_| std::iter::empty());
    let attempted = |(_, attempts): &(usize, &u32)| **attempts > 0;
    let slots = || outcome.slots.iter().enumerate().filter(attempted);
    let first = slots().next().map_or(0, |(slot, _)| slot);
    let last = slots().next_back().map_or(0, |(slot, _)| slot);
    assert_eq!(outcome.attempts(), 1_000);
    (outcome.burst(0), first, last)
}

/// Row 55: the loop waits for a random 0 to 1 s before it connects again after a planned end.
#[test]
fn of_a_thousand_renewals_no_10_ms_has_more_than_3_percent() {
    let (busiest, _, last) = first_attempts(|rng| SECOND.mul_f64(rng.f64()));
    assert!(busiest <= 30 && last < 1_000, "{busiest} until {last} ms");
}

/// Row 57: the loop adds up to 10 % at random to what a server asks for.
#[test]
fn a_thousand_that_are_told_to_come_back_in_30_s_come_between_30_and_33_s() {
    let (busiest, first, last) =
        first_attempts(|rng| (30 * SECOND).mul_f64(1.0 + rng.f64() / 10.0));
    assert!(busiest <= 20, "{busiest}");
    assert!(
        (30_000..30_100).contains(&first) && (32_900..33_000).contains(&last),
        "{first}..{last} ms"
    );
}

/// Row 58: a delay that no longer fits ends the retries.
#[test]
fn of_ten_thousand_that_give_up_no_millisecond_has_more_than_1_percent_of_the_last_attempts() {
    let rules = Rules {
        give_up_after: Some(120 * SECOND),
        ..Rules::DEFAULT
    };
    let storm = Storm {
        rules,
        ..Storm::new(10_000, 100, 3_600)
    };
    let policy = Exponential::default().cap(60 * SECOND);
    let outcome = simulate(&storm, |sequence| policy.seeded(sequence).into_iter());
    assert_eq!(outcome.last.iter().sum::<u32>(), 10_000);
    let most = outcome.last.iter().max();
    assert!(most <= Some(&100), "{most:?}");
}
