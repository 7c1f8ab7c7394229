//! A storm: 100,000 clients, or a million, lose one server, and all want it back.
//! Shows what each delay policy does to the server and to the clients, by a simulation over the real policies.
//! Without arguments 100,000 clients; `--clients 1000000` takes some seconds, `--svg FILE` draws it.

mod picture;
mod planned;
mod table;

use std::error::Error;
use std::io::{self, Write as _};
use std::iter;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use clap::Parser;
use schmoozer_backoff::PolicyConfig;
use storm::{Contestant, Outcome, Storm, ours, peers, rounds};

/// Simulates how many clients come back to one server, for each delay policy.
///
/// All clients lose the server at time zero, and each draws its first delay. The server is away for `--down` seconds,
/// in which every attempt is refused. From then on it takes the first `--capacity` attempts of each second, counted
/// from its return; every other attempt is refused at once. An attempt takes no time, a refusal costs the server
/// nothing, a client that is refused draws its next delay, and a client that is back stays until the next crash.
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
    /// How many seconds after its return it crashes again; 0 is never
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u32).range(0..=86_400))]
    again: u32,
    /// How many seconds after its return the simulation ends
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    horizon: u32,
    /// What all randomness is drawn from
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Simulates this policy, such as `exponential:50ms..10s,full`, instead of ours and those of other crates
    #[arg(long, value_name = "POLICY")]
    policy: Vec<PolicyConfig>,
    /// Compares ways to give each client one attempt a round, through one crash and through several
    #[arg(long)]
    rounds: bool,
    /// Draws the clients that are back and the attempts over time
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let capacity = args.capacity.unwrap_or((args.clients / 100).max(1));
    let storm = Storm {
        horizon: args.horizon,
        ..Storm::new(args.clients, capacity, args.down)
    };
    if args.rounds {
        return Ok(compare_rounds(&storm, args.seed)?);
    }
    let as_they_come = args.policy.is_empty();
    let groups = if as_they_come {
        vec![
            ("ours, from `schmoozer-backoff`", ours(&storm)),
            ("other crates by default, limits on retries lifted", peers()),
        ]
    } else {
        let chosen = args.policy.into_iter().map(Contestant::of).collect();
        vec![("as asked for", chosen)]
    };

    print(&table::heading(&storm))?;
    let mut simulated = Vec::new();
    for (name, group) in groups {
        let outcomes = report(&storm, name, &group, args.seed)?;
        simulated.push((name, group.into_iter().zip(outcomes).collect::<Vec<_>>()));
    }
    if let Some(file) = args.svg {
        let all = simulated.iter().flat_map(|(_, group)| group);
        picture::draw(&file, &storm, all)?;
        print(&format!("\ndrew {}\n", file.display()))?;
    }
    if args.again > 0 {
        let after = args.again;
        print(&format!(
            "\nIt crashes again {after} s after its return, for 5 s. From then on:\n"
        ))?;
        let again = storm.clone().again(after, 5);
        for (name, mut group) in simulated {
            // Of those that attempt so often, one crash says it all.
            let often = 100 * u64::from(storm.clients);
            group.retain(|(one, outcome)| one.drawn && outcome.attempts() < often);
            let group: Vec<_> = group.into_iter().map(|(one, _)| one).collect();
            report(&again, name, &group, args.seed)?;
        }
    }
    if as_they_come {
        print(&planned::report(&storm))?;
    }
    Ok(())
}

/// Prints a table of what the storm does to each contestant after the last crash, and returns that.
fn report(storm: &Storm, name: &str, group: &[Contestant], seed: u64) -> io::Result<Vec<Outcome>> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let outcomes = simulate_all(storm, group, seed, threads);
    let rows = group.iter().zip(&outcomes);
    let rows = rows.map(|(one, outcome)| table::row(&one.name, storm, outcome) + "\n");
    if !group.is_empty() {
        print(&format!(
            "\n{}\n{}",
            table::columns(name),
            rows.collect::<String>()
        ))?;
    }
    Ok(outcomes)
}

/// Prints what ways to give each client one attempt a round do in one crash, and in several.
fn compare_rounds(storm: &Storm, seed: u64) -> io::Result<()> {
    print(&table::heading(storm))?;
    let slow = Storm {
        refusal: Duration::from_secs(2),
        ..storm.clone()
    };
    let storms = [
        ("one crash", storm.clone()),
        ("again 15 s after the return", storm.clone().again(15, 5)),
        ("again during the return", storm.clone().again(5, 5)),
        (
            "three in a row",
            storm.clone().again(6, 3).again(5, 3).again(8, 5),
        ),
        ("a refusal takes 2 s", slow),
    ];
    for (name, storm) in storms {
        report(&storm, name, &rounds(&storm), seed)?;
    }
    Ok(())
}

/// Prints `text`; a reader that has seen enough, such as `head`, is no error.
fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match printed {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// Simulates each contestant, so many at a time.
fn simulate_all(storm: &Storm, group: &[Contestant], seed: u64, threads: usize) -> Vec<Outcome> {
    let waiting = Mutex::new(group.iter().enumerate());
    let next = || waiting.lock().ok()?.next();
    let simulate = || {
        let simulated = iter::from_fn(next).map(|(place, one)| (place, one.simulate(storm, seed)));
        simulated.collect::<Vec<_>>()
    };
    let mut outcomes: Vec<(usize, Outcome)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(simulate)).collect();
        let done = threads.into_iter().map(ScopedJoinHandle::join);
        done.flat_map(|done| done.unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    outcomes.sort_by_key(|(place, _)| *place);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_threads_as_there_are_find_the_same() {
        let storm = Storm {
            horizon: 200,
            ..Storm::new(1_000, 10, 60)
        };
        let contestants: Vec<_> = ours(&storm).into_iter().chain(peers()).collect();
        let each = contestants.iter().map(|one| one.simulate(&storm, 5));
        let alone: Vec<Outcome> = each.collect();
        for threads in [1, 2, 32] {
            let together = simulate_all(&storm, &contestants, 5, threads);
            assert!(together == alone, "{threads}");
        }
    }
}
