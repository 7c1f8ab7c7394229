//! How long one client waits for a server that is back, with the default policy and others.
//!
//! `cargo test -p schmoozer-backoff --test recovery -- --nocapture` prints the table that the documentation of
//! `Exponential::default` quotes. Fleets are simulated by the crate `storm` of this repository.

use std::time::Duration;

use schmoozer_backoff::{Exponential, Policy, Rounds};

/// How one client waits for a server that is back: in seconds, and as a share of the outage.
#[derive(Debug)]
struct Recovery {
    mean: f64,
    p95: f64,
    share: f64,
}

/// 77 outages of 0.5 to 10 s, evenly spread on a logarithmic scale, each seen by 100 clients.
fn recovery<P: Policy>(name: &str, policy: impl Fn(u64) -> P) -> Recovery {
    let mut waits = Vec::new();
    let mut shares = 0.0;
    for outage in 0..77_u32 {
        let length = 0.5 * 20_f64.powf(f64::from(outage) / 76.0);
        for client in 0..100 {
            let mut at = Duration::ZERO;
            let mut delays = policy(u64::from(outage * 100 + client)).into_iter();
            while at.as_secs_f64() < length {
                at = at.saturating_add(delays.next().unwrap_or(Duration::MAX));
            }
            let wait = at.as_secs_f64() - length;
            shares += wait / length;
            waits.push(wait);
        }
    }
    waits.sort_by(f64::total_cmp);
    let recovery = Recovery {
        mean: waits.iter().sum::<f64>() / 7_700.0,
        p95: waits[7_315],
        share: shares / 7_700.0,
    };
    let Recovery { mean, p95, share } = &recovery;
    println!("| {name} | {mean:.2} s | {p95:.2} s | {share:.2} |");
    recovery
}

#[test]
fn the_default_waits_for_less_than_a_quarter_of_the_outage() {
    println!("| | mean wait | 95 % wait below | share of the outage |");
    println!("| --- | --- | --- | --- |");
    let default = Exponential::default();
    let Recovery { p95, share, .. } = recovery("`default()`", |seed| default.seeded(seed));
    assert!(share <= 0.25 && p95 <= 1.0, "{share} {p95}");
    let mut before = share;
    for cap in [2, 5, 10, 30, 60] {
        let capped = default.cap(Duration::from_secs(cap));
        let name = format!("cap {cap} s");
        let Recovery { share, .. } = recovery(&name, |seed| capped.seeded(seed));
        assert!(share > before, "{cap} s");
        before = share;
    }
    recovery("`grpc()`", |seed| Exponential::grpc().seeded(seed));
}

#[test]
fn in_rounds_a_client_waits_for_about_half_a_round() {
    let rounds = Rounds::for_fleet(10_000, 1_000);
    let Recovery { mean, .. } = recovery("`Rounds::for_fleet(10_000, 1_000)`", |seed| {
        rounds.seeded(seed)
    });
    let ideal = 10.0;
    assert!((mean - 0.22 * ideal).abs() < 0.02 * ideal, "{mean}");
}
