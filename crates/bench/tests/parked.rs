//! What a task takes that has connected, and whose connection is silent.

use allocation_counter::{AllocationInfo, measure};
use bench::PARKED;
use tokio::runtime::Builder;

const TASKS: u32 = 1_000;

fn allocated(name: &str) -> AllocationInfo {
    let parked = PARKED.iter().find(|parked| parked.name == name);
    let parked = parked.expect("it is in the table");
    let runtime = Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    measure(|| {
        runtime.block_on(async {
            for _ in 0..TASKS {
                let _ = parked.spawn();
                // Each one runs until it is parked.
                tokio::task::yield_now().await;
            }
        });
    })
}

#[test]
fn a_parked_connector_is_two_allocations_and_a_quarter_larger_than_by_hand_at_most() {
    let (bare, ours) = (allocated("bare"), allocated("schmoozer-core run"));
    println!("bare {bare:?}, ours {ours:?}");
    assert!(ours.count_total <= 2 * bare.count_total, "{ours:?}");
    assert!(bare.count_total <= u64::from(TASKS) + 20, "{bare:?}");
    assert!(
        ours.bytes_current * 100 <= bare.bytes_current * 125,
        "{} B for {TASKS}, bare {} B",
        ours.bytes_current,
        bare.bytes_current
    );
}
