//! A storm: 100,000 clients, or a million, lose one server, and all want it back.
//! Shows what each delay policy does to the server and to the clients, by a simulation over the real policies.
//! Without arguments 100,000 clients; `--clients 1000000` takes some seconds, `--svg FILE` draws it.

mod contestants;
mod picture;
mod simulation;
mod table;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use clap::Parser;
use schmoozer_backoff::PolicyConfig;

use crate::contestants::{Contestant, literature, ours, peers};
use crate::simulation::{Outcome, Storm};

/// Simulates how many clients come back to one server, for each delay policy.
///
/// All clients lose the server at time zero, and each draws its first delay. The server is away for `--down` seconds,
/// in which every attempt is refused. From then on it takes the first `--capacity` attempts of each second, counted
/// from its return; every other attempt is refused at once. An attempt takes no time, a refusal costs the server
/// nothing, a client that is refused draws its next delay, and a client that is back stays.
#[derive(Debug, Parser)]
struct Args {
    /// How many clients lose the server
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=20_000_000))]
    clients: u32,
    /// How many seconds the server is away
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(0..=86_400))]
    down: u32,
    /// How many connects a second it takes after that [default: a hundredth of the clients]
    #[arg(long, value_name = "CONNECTS", value_parser = clap::value_parser!(u32).range(1..))]
    capacity: Option<u32>,
    /// How many seconds after its return the simulation ends
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    horizon: u32,
    /// What all randomness is drawn from
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Simulates this policy, such as `exponential:50ms..10s,full`, instead of ours and those of other crates
    #[arg(long, value_name = "POLICY")]
    policy: Vec<PolicyConfig>,
    /// Draws the clients that are back and the attempts over time
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let storm = Storm {
        clients: args.clients,
        down: args.down,
        capacity: args.capacity.unwrap_or((args.clients / 100).max(1)),
        horizon: args.horizon,
        at_least: Duration::from_millis(10),
    };
    let groups = if args.policy.is_empty() {
        vec![
            ("ours, from `schmoozer-backoff`", ours(&storm)),
            ("other crates by default, limits on retries lifted", peers()),
            ("from the literature", literature()),
        ]
    } else {
        let chosen = args.policy.into_iter().map(Contestant::of).collect();
        vec![("as asked for", chosen)]
    };
    let contestants: Vec<&Contestant> = groups.iter().flat_map(|(_, group)| group).collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let outcomes = simulate_all(&storm, &contestants, args.seed, threads);

    let mut report = table::heading(&storm);
    let mut rows = contestants.iter().zip(&outcomes);
    for (name, group) in &groups {
        writeln!(report, "\n{}", table::columns(name))?;
        for (contestant, outcome) in rows.by_ref().take(group.len()) {
            writeln!(report, "{}", table::row(&contestant.name, &storm, outcome))?;
        }
    }
    print(&report)?;
    if let Some(file) = args.svg {
        picture::draw(&file, &storm, &contestants, &outcomes)?;
        print(&format!("\ndrew {}\n", file.display()))?;
    }
    Ok(())
}

/// Prints `text`; whoever reads no further, such as `head`, has seen enough.
fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match printed {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// Simulates each contestant, so many at a time.
fn simulate_all(
    storm: &Storm,
    contestants: &[&Contestant],
    seed: u64,
    threads: usize,
) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads.min(contestants.len()) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(contestant) = contestants.get(number) else {
                        return;
                    };
                    let outcome = contestant.simulate(storm, seed);
                    if let Ok(mut done) = done.lock() {
                        done.push((number, outcome));
                    }
                }
            });
        }
    });
    let mut outcomes = done.into_inner().unwrap_or_default();
    outcomes.sort_by_key(|(number, _)| *number);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}
