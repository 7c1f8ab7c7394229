//! Neither an attempt nor a delay allocates.

use allocation_counter::measure;
use schmoozer_bench::{DELAYS, LOOPS, Loop, Operation, attempts_left};

/// Our own loops and delays, not the peers'.
fn is_ours(name: &str) -> bool {
    name.starts_with("schmoozer-")
}

/// What the loop allocates for so many attempts, setting up and ending included.
fn allocated(candidate: &Loop, operation: Operation, attempts: u64) -> u64 {
    let future = candidate.start(operation, attempts);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    let allocated = measure(|| candidate.drive(&runtime, future));
    assert_eq!(attempts_left(), 0, "{}", candidate.name);
    allocated.count_total
}

#[test]
fn an_attempt_allocates_nothing() {
    let ours: Vec<_> = LOOPS.iter().filter(|one| is_ours(one.name)).collect();
    assert_eq!(ours.len(), if cfg!(feature = "peers") { 13 } else { 12 });
    for candidate in ours {
        // Whoever subscribes to the status is sent a copy of each cause.
        let each = u64::from(candidate.name.ends_with("handle watched"));
        for operation in [Operation::Ready, Operation::Suspends] {
            let [few, many] =
                [1_000, 3_000].map(|attempts| allocated(candidate, operation, attempts));
            assert_eq!(many - few, each * 2_000, "{}", candidate.name);
            if !candidate.name.contains(',') {
                assert_eq!(few, 0, "{}", candidate.name);
            }
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
