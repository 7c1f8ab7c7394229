//! What the default policy does for one client, and to a server that ten thousand clients lost at once.
//!
//! A simulation with the real policies and no clock. `cargo test -p schmoozer-backoff --test storm -- --nocapture`
//! prints the table that the documentation of `Exponential::default` quotes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use schmoozer_backoff::{Exponential, Policy, Rounds};

const SECOND: u128 = 1_000_000_000;

/// How a herd came back to a server that takes a hundredth of it a second.
#[derive(Debug)]
struct Herd {
    /// How long after the server 99 of 100 clients were back, in seconds.
    back: usize,
    /// The most attempts within one second from the return of the server on.
    peak: usize,
    /// Attempts for each client.
    attempts: usize,
}

/// `clients` lose a server at one moment. It is back after `down` seconds, and takes a hundredth of them in each second
/// from then on; the others are refused.
fn herd<P: Policy>(policy: impl Fn(u64) -> P, clients: usize, down: usize) -> Herd {
    let capacity = clients / 100;
    let mut retries: Vec<_> = (0..clients as u64)
        .map(|seed| policy(seed).into_iter())
        .collect();
    let mut queue = BinaryHeap::new();
    for (client, retries) in retries.iter_mut().enumerate() {
        queue.extend(
            retries
                .next()
                .map(|delay| Reverse((delay.as_nanos(), client))),
        );
    }
    let mut seconds: Vec<(usize, usize)> = Vec::new();
    let mut back = Vec::new();
    while let Some(Reverse((now, client))) = queue.pop() {
        let second = usize::try_from(now / SECOND).unwrap_or(usize::MAX);
        seconds.resize(seconds.len().max(second + 1), (0, 0));
        let (attempts, taken) = &mut seconds[second];
        *attempts += 1;
        if second >= down && *taken < capacity {
            *taken += 1;
            back.push(second);
        } else if let Some(delay) = retries[client].next() {
            queue.push(Reverse((now + delay.as_nanos(), client)));
        }
    }
    Herd {
        back: back[clients * 99 / 100] - down,
        peak: seconds[down..]
            .iter()
            .map(|(attempts, _)| *attempts)
            .max()
            .unwrap_or(0),
        attempts: seconds.iter().map(|(attempts, _)| attempts).sum::<usize>() / clients,
    }
}

/// How one client waits for a server that is back: in seconds, and as a share of the outage.
#[derive(Debug)]
struct Recovery {
    mean: f64,
    p95: f64,
    share: f64,
}

/// 77 outages of 0.5 to 10 s, evenly spread on a logarithmic scale, each seen by 100 clients.
fn recovery<P: Policy>(policy: impl Fn(u64) -> P) -> Recovery {
    let mut waits = Vec::new();
    let mut shares = 0.0;
    for outage in 0..77_u32 {
        let length = 0.5 * 20_f64.powf(f64::from(outage) / 76.0);
        for client in 0..100 {
            let mut at = Duration::ZERO;
            let mut retries = policy(u64::from(outage * 100 + client)).into_iter();
            while at.as_secs_f64() < length {
                at = at.saturating_add(retries.next().unwrap_or(Duration::MAX));
            }
            let wait = at.as_secs_f64() - length;
            shares += wait / length;
            waits.push(wait);
        }
    }
    waits.sort_by(f64::total_cmp);
    Recovery {
        mean: waits.iter().sum::<f64>() / 7_700.0,
        p95: waits[7_315],
        share: shares / 7_700.0,
    }
}

fn default_with_cap(cap: u64) -> impl Fn(u64) -> Exponential {
    move |seed| {
        Exponential::default()
            .cap(Duration::from_secs(cap))
            .seeded(seed)
    }
}

fn report<P: Policy>(name: &str, policy: impl Fn(u64) -> P) -> (Recovery, Herd) {
    let (recovery, herd) = (recovery(&policy), herd(&policy, 10_000, 60));
    let (
        Recovery { mean, p95, share },
        Herd {
            back,
            peak,
            attempts,
        },
    ) = (&recovery, &herd);
    println!("| {name} | {mean:.2} s | {p95:.2} s | {share:.2} | {back} s | {peak} | {attempts} |");
    (recovery, herd)
}

#[test]
fn the_default_recovers_fast_and_its_documentation_says_what_that_costs() {
    println!("| | mean wait | 95 % below | share | 99 % back | peak | attempts |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let (recovery, herd) = report("default, cap 1 s", default_with_cap(1));
    assert_eq!(
        Exponential::default().cap(Duration::from_secs(1)),
        Exponential::default()
    );
    assert!(
        recovery.share <= 0.25 && recovery.p95 <= 1.0,
        "{recovery:?}"
    );
    assert!((18_000..22_000).contains(&herd.peak), "{herd:?}");
    for cap in [2, 5, 10, 30, 60] {
        report(&format!("cap {cap} s"), default_with_cap(cap));
    }
    report("`grpc()`", |seed| Exponential::grpc().seeded(seed));
}

#[test]
fn rounds_bring_a_herd_back_about_as_fast_as_the_server_takes_it_however_long_it_was_away() {
    let rounds = |seed| Rounds::for_fleet(300_000, 3_000).seeded(seed);
    for (down, attempts) in [(0, 2), (5, 2), (60, 3), (120, 5)] {
        let herd = herd(rounds, 300_000, down);
        println!("{down} s: {herd:?}");
        assert!(
            herd.back <= 115 && herd.peak <= 8_100 && herd.attempts <= attempts,
            "{down} s: {herd:?}"
        );
    }
}

#[test]
fn of_a_small_fleet_chance_makes_the_peak_higher() {
    let (_, herd) = report("`Rounds::for_fleet(10_000, 100)`", |seed| {
        Rounds::for_fleet(10_000, 100).seeded(seed)
    });
    assert!(
        herd.back <= 115 && (270..310).contains(&herd.peak) && herd.attempts <= 3,
        "{herd:?}"
    );
}
