//! The delays of a long outage, when every policy has reached its cap: do eight clients still disperse, and is the cap
//! kept? The table in the documentation of `schmoozer-backoff` says what this test sees;
//! `cargo test -p bench --test peers_at_the_cap -- --nocapture` prints it.

use std::collections::BTreeSet;
use std::time::Duration;

use schmoozer_backoff::{Exponential, Jitter};

const INITIAL: Duration = Duration::from_secs(1);
const CAP: Duration = Duration::from_secs(10);

/// The thirty-first delays of eight clients, drawn a hundred times.
fn at_the_cap(name: &str, mut draw: impl FnMut() -> Option<Duration>) -> Seen {
    let mut seen = Seen {
        fewest: 8,
        most: 0,
        longest: Duration::ZERO,
    };
    for _ in 0..100 {
        let delays: BTreeSet<Duration> = (0..8).filter_map(|_| draw()).collect();
        seen.fewest = seen.fewest.min(delays.len());
        seen.most = seen.most.max(delays.len());
        seen.longest = seen.longest.max(delays.last().copied().unwrap_or_default());
    }
    println!("{name}: {seen:?}");
    seen
}

/// How many different delays eight clients draw, and the longest of all.
#[derive(Debug)]
struct Seen {
    fewest: usize,
    most: usize,
    longest: Duration,
}

impl Seen {
    #[track_caller]
    fn assert_all_on_the_cap(&self) {
        assert_eq!(
            (self.fewest, self.most, self.longest),
            (1, 1, CAP),
            "{self:?}"
        );
    }

    #[track_caller]
    fn assert_disperse_beyond_the_cap(&self, furthest: Duration) {
        assert_eq!(self.most, 8, "{self:?}");
        assert!(
            self.longest > furthest.mul_f64(0.95) && self.longest <= furthest,
            "{self:?}"
        );
    }

    #[track_caller]
    fn assert_disperse_under_the_cap(&self) {
        assert_eq!(self.most, 8, "{self:?}");
        assert!(self.longest <= CAP, "{self:?}");
    }
}

#[test]
fn ours_disperses_and_keeps_the_cap() {
    for jitter in [Jitter::Full, Jitter::Equal, Jitter::Proportional(0.05)] {
        let policy = Exponential::new(INITIAL).cap(CAP).jitter(jitter);
        let seen = at_the_cap("schmoozer-backoff", || policy.into_iter().nth(30));
        seen.assert_disperse_under_the_cap();
        assert_eq!(seen.fewest, 8);
    }
}

#[test]
fn stubborn_io_puts_everybody_on_the_cap() {
    use stubborn_io::strategies::ExpBackoffStrategy;
    let strategy = || ExpBackoffStrategy::new(INITIAL, 2.0, 0.5).with_max(CAP);
    at_the_cap("stubborn-io", || strategy().into_iter().nth(30)).assert_all_on_the_cap();
}

#[test]
fn exponential_backoff_puts_everybody_on_the_cap() {
    let policy = exponential_backoff::Backoff::new(u32::MAX, INITIAL, CAP);
    at_the_cap("exponential-backoff", || policy.iter().nth(30).flatten()).assert_all_on_the_cap();
}

#[test]
fn backon_passes_the_cap() {
    use backon::{BackoffBuilder, ExponentialBuilder};
    let builder = ExponentialBuilder::new()
        .with_min_delay(INITIAL)
        .with_max_delay(CAP)
        .with_factor(2.0)
        .with_jitter()
        .without_max_times();
    at_the_cap("backon", || builder.build().nth(30)).assert_disperse_beyond_the_cap(2 * CAP);
}

#[test]
fn backoff_passes_the_cap() {
    use backoff::ExponentialBackoffBuilder;
    use backoff::backoff::Backoff as _;
    let mut builder = ExponentialBackoffBuilder::new();
    builder
        .with_initial_interval(INITIAL)
        .with_multiplier(2.0)
        .with_randomization_factor(0.5);
    builder.with_max_interval(CAP).with_max_elapsed_time(None);
    let draw = || {
        let mut backoff: backoff::ExponentialBackoff = builder.build();
        (0..31).filter_map(|_| backoff.next_backoff()).last()
    };
    at_the_cap("backoff", draw)
        .assert_disperse_beyond_the_cap(CAP * 3 / 2 + Duration::from_nanos(2));
}

#[test]
fn tokio_retry2_passes_the_cap() {
    use tokio_retry2::strategy::{ExponentialFactorBackoff, jitter};
    let strategy = ExponentialFactorBackoff::from_millis(1_000, 2.0).max_delay(CAP);
    let draw = || strategy.clone().map(jitter).nth(30);
    at_the_cap("tokio-retry2", draw).assert_disperse_beyond_the_cap(CAP * 3 / 2);
}

#[test]
fn tokio_retry_disperses_and_keeps_the_cap() {
    use tokio_retry::strategy::{ExponentialBackoff, jitter};
    let strategy = ExponentialBackoff::from_millis(2)
        .factor(500)
        .max_delay(CAP);
    at_the_cap("tokio-retry", || strategy.clone().map(jitter).nth(30))
        .assert_disperse_under_the_cap();
}

#[tokio::test(start_paused = true)]
async fn tower_puts_everybody_on_the_cap() {
    tower_delays(INITIAL, 30).assert_all_on_the_cap();
}

#[tokio::test(start_paused = true)]
async fn tower_replays_one_clients_jitter_to_all_of_them() {
    // Not a whole second: of those, tower cuts the jitter to whole seconds.
    let initial = INITIAL / 2;
    let seen = tower_delays(initial, 0);
    assert_eq!((seen.fewest, seen.most), (1, 1));
    assert!(seen.longest > initial, "{seen:?}");
}

/// The `n`th delays of eight clients that got their back-off from one maker.
fn tower_delays(initial: Duration, n: usize) -> Seen {
    use tower::retry::backoff::{Backoff as _, ExponentialBackoffMaker, MakeBackoff as _};
    use tower::util::rng::HasherRng;
    let maker = ExponentialBackoffMaker::new(initial, CAP, 0.5, HasherRng::default()).ok();
    let now = tokio::time::Instant::now();
    at_the_cap("tower", || {
        let mut backoff = maker.clone()?.make_backoff();
        (0..=n)
            .map(|_| backoff.next_backoff().deadline() - now)
            .last()
    })
}
