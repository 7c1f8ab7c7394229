//! Neither an attempt nor a delay allocates.

use allocation_counter::measure;
use schmoozer_bench::{DELAYS, LOOPS, Operation, attempts_left, drive};

/// Our own loops and delays, not the peers'.
fn is_ours(name: &str) -> bool {
    name.starts_with("schmoozer-")
}

#[test]
fn an_attempt_allocates_nothing() {
    let ours: Vec<_> = LOOPS.iter().filter(|one| is_ours(one.name)).collect();
    assert_eq!(ours.len(), 3);
    for candidate in ours {
        for operation in [Operation::Ready, Operation::Suspends] {
            let future = candidate.start(operation, 1_000);
            let allocated = measure(|| drive(future));
            assert_eq!(attempts_left(), 0, "{}", candidate.name);
            assert_eq!(allocated.count_total, 0, "{}", candidate.name);
        }
    }
}

#[test]
fn a_delay_allocates_nothing() {
    let ours: Vec<_> = DELAYS.iter().filter(|one| is_ours(one.name)).collect();
    assert_eq!(ours.len(), 2);
    for source in ours {
        let allocated = measure(|| source.draw(1_000));
        assert_eq!(allocated.count_total, 0, "{}", source.name);
    }
}
