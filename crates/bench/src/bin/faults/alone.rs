use std::time::Instant;

use anyhow::{Context, Result};
use clap::ValueEnum;
use tokio::runtime::Builder;
use tokio::time::{Duration, timeout};

use crate::clients::CLIENTS;
use crate::fault::Fault;
use crate::scene::Scene;
use crate::seen::Seen;

/// No dial of a program that stays connected may take longer.
const HANGS: Duration = Duration::from_secs(11);

/// Puts one client through one fault, in this process, and prints its attempts and the outcome.
pub(crate) fn run(fault: &str, client: &str, seconds: Option<u64>) -> Result<()> {
    let fault = Fault::from_str(fault, false).map_err(anyhow::Error::msg)?;
    let client = CLIENTS
        .iter()
        .find(|candidate| candidate.name == client)
        .context("no such client")?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let scene = Scene::set(fault).await?;
        let seen = Seen::default();
        let begun = Instant::now();
        let login = fault == Fault::LoginThenClose;
        // A task of its own, so that what blocks its thread does not stop the clock.
        let running = tokio::spawn((client.run)(scene.target().to_owned(), login, seen.clone()));
        let ended = timeout(fault.watched(seconds), running).await;
        let attempts = scene.visitors().unwrap_or_else(|| seen.attempts());
        let outcome = match ended {
            Ok(Ok(Ok(()))) => "ended".to_owned(),
            Ok(Ok(Err(error))) => {
                let after = begun.elapsed().as_secs();
                format!("gave up after {after} s: {error}")
            }
            Ok(Err(error)) => std::panic::resume_unwind(error.into_panic()),
            Err(_) => still(fault, &seen, begun),
        };
        println!("{attempts} | {outcome}");
        Ok(())
    })
}

/// Says what a client is doing that is still at it.
fn still(fault: Fault, seen: &Seen, begun: Instant) -> String {
    if let (Some(passed), Some(connected)) = (fault.passes_after(), seen.connected_at()) {
        let wait = connected
            .saturating_duration_since(begun + passed)
            .as_secs_f64();
        return format!("connected, {wait:.1} s after the fault had passed");
    }
    match seen.under_way() {
        Some(taken) if taken > HANGS => "hangs in one connect".to_owned(),
        _ => "goes on trying".to_owned(),
    }
}
