//! How long a client of the real loop waits after its server is back, by the default policy.

use std::time::Duration;

use schmoozer_backoff::Exponential;
use schmoozer_core::{End, connector_fn, run};
use tokio::time::{Instant, sleep};

/// As many outages as the performance page asks for, spread evenly by their logarithm: 0.5 s to 10 s.
const OUTAGES: u32 = 77;
/// Chance moves the mean of one round by several per cent.
const ROUNDS: u32 = 40;

/// Runs the loop against a server that is away for `outage`, and returns how long after its return the
/// connection was up.
async fn wait_after(outage: Duration) -> Duration {
    let begun = Instant::now();
    let connector = connector_fn(
        || async move {
            // A connect to a closed port is refused at once. A connect that succeeds takes a round trip.
            if begun.elapsed() < outage {
                return Err("refused");
            }
            sleep(Duration::from_micros(200)).await;
            Ok(())
        },
        async |(), _| Ok::<_, &str>(End::Exit),
        Exponential::default(),
    );
    run(connector).await.expect("the policy has no end");
    begun.elapsed().saturating_sub(outage)
}

#[tokio::test(start_paused = true)]
async fn the_wait_is_a_quarter_of_the_outage_at_most_and_hardly_ever_a_second() {
    let (mut share, mut waits) = (0.0, Vec::new());
    for _ in 0..ROUNDS {
        for place in 0..OUTAGES {
            let length = 0.5 * 20_f64.powf(f64::from(place) / f64::from(OUTAGES - 1));
            let wait = wait_after(Duration::from_secs_f64(length)).await;
            share += wait.as_secs_f64() / length;
            waits.push(wait);
        }
    }
    share /= f64::from(ROUNDS * OUTAGES);
    waits.sort_unstable();
    let p95 = waits[waits.len() * 95 / 100];
    println!("mean {share:.3} of the outage, p95 {p95:?}");
    assert!(share <= 0.25, "a mean of {share:.3} of the outage");
    assert!(p95 <= Duration::from_secs(1), "a p95 of {p95:?}");
}
