use std::time::Duration;

use anyhow::Result;
use bench::{CLIENTS, Client, Seen, peers_apart};
use schmoozer_faults::Behaviour;
use tokio::runtime::Builder;
use tokio::time::{Instant, timeout_at};

use crate::table::Table;

const COLUMNS: &[&str] = &[
    "accepts and closes",
    "accepts and resets",
    "takes a login, closes",
    "name not found",
    "nothing answers",
];

/// How often each client tries to connect to a peer that does the same to all of them, and which of them give up.
pub(crate) fn ask(quick: bool) -> Result<Table> {
    let mut table = Table::new("Attempts in 12 s, of clients that run at once", COLUMNS);
    // Longer than a dial of ours, shorter than one of the kernel's.
    let watched = Duration::from_secs(if quick { 2 } else { 12 });
    let peers = peers_apart([
        Behaviour::Close,
        Behaviour::Reset,
        Behaviour::LoginThenClose(b"welcome\n".to_vec()),
        Behaviour::BlackHole,
    ])?;
    let [closes, resets, takes_login, hole] = peers.each_ref().map(|peer| peer.addr().to_string());
    let nowhere = "schmoozer.invalid:7000".to_owned();
    let targets = [closes, resets, takes_login, nowhere, hole];

    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let mut attempts = vec![Vec::new(); CLIENTS.len()];
    for (target, column) in targets.iter().zip(COLUMNS) {
        let start = |client: &Client| {
            let seen = Seen::default();
            (
                runtime.spawn((client.run)(target.clone(), seen.clone())),
                seen,
            )
        };
        let ends = Instant::now() + watched;
        let running: Vec<_> = CLIENTS.iter().map(start).collect();
        for (index, (mut client, seen)) in running.into_iter().enumerate() {
            let name = CLIENTS[index].name;
            match runtime.block_on(async { timeout_at(ends, &mut client).await }) {
                Ok(ended) => {
                    let error = ended?.err().map(|error| format!("gave up, {error}"));
                    table.note(name, column, &error.unwrap_or_default());
                }
                Err(_) if seen.attempts() == 1 && seen.is_under_way() => {
                    table.note(name, column, "hangs in one connect");
                }
                Err(_) => {}
            }
            client.abort();
            attempts[index].push(Some(f64::from(seen.attempts())));
        }
    }
    for (client, attempts) in CLIENTS.iter().zip(attempts) {
        table.row(client.name, attempts);
    }
    // Lookups that block a thread are not waited for.
    runtime.shutdown_background();
    Ok(table)
}
