//! The delays of a long outage, when every policy has reached its cap: do eight clients still disperse, and is the cap
//! kept? The table in the documentation of `schmoozer-backoff` says what this test sees;
//! `cargo test -p bench --test peers_at_the_cap -- --nocapture` prints it.

use std::collections::BTreeSet;
use std::time::Duration;

use backoff::backoff::Backoff as _;
use backon::BackoffBuilder as _;
use schmoozer_backoff::{Exponential, Jitter};

const INITIAL: Duration = Duration::from_secs(1);
const CAP: Duration = Duration::from_secs(10);

/// Draws the delays of eight clients a hundred times, and asserts how many of them differ at most, that the longest of
/// all is at most `furthest`, and that it is hardly less. Returns how many differ at least.
#[track_caller]
fn assert_draws(
    name: &str,
    (differ, furthest): (usize, Duration),
    mut delay: impl FnMut() -> Option<Duration>,
) -> Option<usize> {
    let draws = (0..100).map(|_| (0..8).filter_map(|_| delay()).collect());
    let draws: Vec<BTreeSet<Duration>> = draws.collect();
    let most = draws.iter().map(BTreeSet::len).max();
    let longest = draws.iter().flatten().max().copied();
    println!("| {name} | {most:?} | {longest:?} |");
    assert_eq!(most, Some(differ), "{name}");
    let longest = longest.unwrap_or_default();
    assert!(longest <= furthest, "{name}: {longest:?}");
    assert!(longest > furthest.mul_f64(0.95), "{name}: {longest:?}");
    draws.iter().map(BTreeSet::len).min()
}

#[test]
fn ours_disperses_and_keeps_the_cap() {
    for jitter in [Jitter::Full, Jitter::Equal, Jitter::Proportional(0.05)] {
        let policy = Exponential::new(INITIAL).cap(CAP).jitter(jitter);
        let fewest = assert_draws("this crate", (8, CAP), || policy.into_iter().nth(30));
        assert_eq!(fewest, Some(8));
    }
}

#[test]
fn stubborn_io_and_exponential_backoff_put_everybody_on_the_cap() {
    use stubborn_io::strategies::ExpBackoffStrategy;
    let strategy = || ExpBackoffStrategy::new(INITIAL, 2.0, 0.5).with_max(CAP);
    assert_draws("stubborn-io", (1, CAP), || strategy().into_iter().nth(30));
    let policy = exponential_backoff::Backoff::new(u32::MAX, INITIAL, CAP);
    let delay = || policy.iter().nth(30).flatten();
    assert_draws("exponential-backoff", (1, CAP), delay);
}

#[test]
fn backon_and_backoff_pass_the_cap() {
    let backon = backon::ExponentialBuilder::new()
        .with_min_delay(INITIAL)
        .with_max_delay(CAP)
        .with_jitter()
        .without_max_times();
    assert_draws("backon", (8, 2 * CAP), || backon.build().nth(30));

    let mut builder = backoff::ExponentialBackoffBuilder::new();
    builder
        .with_initial_interval(INITIAL)
        .with_multiplier(2.0)
        .with_max_interval(CAP)
        .with_max_elapsed_time(None);
    let delay = || {
        let mut delays: backoff::ExponentialBackoff = builder.build();
        (0..31).filter_map(|_| delays.next_backoff()).last()
    };
    let rounded_up = CAP * 3 / 2 + Duration::from_nanos(2);
    assert_draws("backoff", (8, rounded_up), delay);
}

#[test]
fn tokio_retry_keeps_the_cap_and_tokio_retry2_passes_it() {
    use tokio_retry::strategy::{ExponentialBackoff, jitter};
    use tokio_retry2::strategy::{ExponentialFactorBackoff, jitter as jitter2};
    let strategy = ExponentialBackoff::from_millis(2).factor(500);
    let delay = || strategy.clone().max_delay(CAP).map(jitter).nth(30);
    assert_draws("tokio-retry", (8, CAP), delay);

    let strategy = ExponentialFactorBackoff::from_millis(1_000, 2.0).max_delay(CAP);
    let delay = || strategy.clone().map(jitter2).nth(30);
    assert_draws("tokio-retry2", (8, CAP * 3 / 2), delay);
}

#[tokio::test(start_paused = true)]
async fn tower_puts_everybody_on_the_cap() {
    assert_draws("tower", (1, CAP), tower_delays(INITIAL, 30));
}

#[tokio::test(start_paused = true)]
async fn tower_replays_one_clients_jitter_to_all_of_them() {
    // Not a whole second: of those, tower cuts the jitter to whole seconds.
    let mut delay = tower_delays(INITIAL / 2, 0);
    let drawn: BTreeSet<_> = (0..800).map(|_| delay()).collect();
    assert_eq!(drawn.len(), 1, "{drawn:?}");
    assert!(drawn.first() > Some(&Some(INITIAL / 2)), "{drawn:?}");
}

/// Draws the `n`th delays of clients that got their back-off from one maker.
fn tower_delays(initial: Duration, n: usize) -> impl FnMut() -> Option<Duration> {
    use tower::retry::backoff::{Backoff as _, ExponentialBackoffMaker, MakeBackoff as _};
    use tower::util::rng::HasherRng;
    let maker = ExponentialBackoffMaker::new(initial, CAP, 0.5, HasherRng::default()).ok();
    let now = tokio::time::Instant::now();
    move || {
        let mut backoff = maker.clone()?.make_backoff();
        let deadlines = (0..=n).map(|_| backoff.next_backoff().deadline() - now);
        deadlines.last()
    }
}
