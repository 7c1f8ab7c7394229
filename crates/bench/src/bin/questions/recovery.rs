use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use bench::{CLIENTS, Client, Seen};
use schmoozer_faults::{Behaviour, Peer};
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep, sleep_until};

use crate::table::Bound::AtMost;
use crate::table::Table;

/// Lengths spread evenly by their logarithm: one length alone may lie just beside the sum of a schedule.
const OUTAGES: u32 = 77;
const SHORTEST: f64 = 0.5;
/// Clients of each kind for each outage.
const EACH: u32 = 5;
/// The others give up when they are refused.
const NAMES: [&str; 3] = [
    "schmoozer-tcp",
    "schmoozer 0.4.1",
    "stubborn-io, told not to exit",
];

const LONG: &str = "Wait after the server is back, after 77 outages of 0.5 to 10 s, in seconds";
const SHORT: &str = "Wait after the server is back, after 77 outages of 0.5 to 2 s, in seconds";

/// The wait in seconds, its share of the outage, and the attempts.
type Recovered = [f64; 3];

/// How long a client waits after its server is back: real loops, real sockets, real time, all at once.
pub(crate) fn ask(quick: bool) -> Result<Table> {
    let (title, longest) = if quick { (SHORT, 2.0) } else { (LONG, 10.0) };
    let mut table = Table::new(title, &["mean", "p95", "share of the outage", "attempts"]);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let recovered = runtime.block_on(all_recover(longest))?;
    for (name, recovered) in NAMES.iter().zip(recovered) {
        let mean = |index: usize| {
            let sum: f64 = recovered.iter().map(|one| one[index]).sum();
            Some(sum / f64::from(OUTAGES * EACH))
        };
        let mut waits: Vec<f64> = recovered.iter().map(|one| one[0]).collect();
        waits.sort_by(f64::total_cmp);
        let p95 = waits.get(waits.len() * 95 / 100).copied();
        table.row(name, [mean(0), p95, mean(1), mean(2)]);
    }
    table.target("schmoozer-tcp", "share of the outage", AtMost(0.25))?;
    table.target("schmoozer-tcp", "p95", AtMost(1.0))?;
    Ok(table)
}

async fn all_recover(longest: f64) -> Result<[Vec<Recovered>; 3]> {
    let mut tasks = Vec::new();
    for place in 0..OUTAGES {
        let place = f64::from(place) / f64::from(OUTAGES - 1);
        let outage = SHORTEST * (longest / SHORTEST).powf(place);
        let back = Instant::now() + Duration::from_secs_f64(outage);
        let peer = Arc::new(Peer::start(Behaviour::Refuse).await?);
        for (kind, name) in NAMES.iter().enumerate() {
            let client = CLIENTS.iter().find(|client| client.name == *name);
            let client = client.context(*name)?;
            for _ in 0..EACH {
                let recovering = recover(client, Arc::clone(&peer), back, outage);
                tasks.push((kind, tokio::spawn(recovering)));
            }
        }
        tokio::spawn(async move {
            sleep_until(back).await;
            peer.switch(Behaviour::Silent).await
        });
        // Not all outages begin at once, for the first attempts of all clients take a while.
        sleep(Duration::from_millis(20)).await;
    }
    let mut recovered = [const { Vec::new() }; 3];
    for (kind, task) in tasks {
        recovered[kind].push(task.await??);
    }
    Ok(recovered)
}

/// Runs a client until it has connected.
async fn recover(client: &Client, peer: Arc<Peer>, back: Instant, out: f64) -> Result<Recovered> {
    let seen = Seen::default();
    let running = tokio::spawn((client.run)(peer.addr().to_string(), seen.clone()));
    let connected = seen.connected().await.context("seen while it runs")?;
    running.abort();
    let wait = connected.saturating_duration_since(back.into_std());
    let wait = wait.as_secs_f64();
    Ok([wait, wait / out, f64::from(seen.attempts())])
}
