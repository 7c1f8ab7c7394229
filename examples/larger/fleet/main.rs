//! A fleet: two thousand connectors in one program lose one server, and come back.
//! Shows what a delay policy and a pacer do to a server that takes so many connects a second, over real sockets.
//! It kills, blackholes and revives the server, prints a line a second, and ends.

mod connector;
mod fleet;
mod server;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use examples::thousands;
use schmoozer_backoff::{Exponential, PolicyConfig};
use schmoozer_core::Pacer;

use crate::fleet::Fleet;

/// Shows a fleet of connectors that lose one server over loopback, and come back.
///
/// The server takes a given number of connects in each second, and resets the others. A killed one drops all its
/// connections and refuses new ones; a blackholed one answers nothing, so that dials and heartbeats run into their
/// timeouts.
#[derive(Debug, Parser)]
struct Args {
    /// How many connectors [default: 2000, or as many as the limit on open files lets be]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    clients: Option<u32>,
    /// How many connects a second the server takes [default: a fifth of the connectors]
    #[arg(long, value_name = "CONNECTS", value_parser = clap::value_parser!(u32).range(1..))]
    capacity: Option<u32>,
    /// The delay policy, such as `exponential:50ms..10s,full`
    #[arg(long)]
    policy: Option<PolicyConfig>,
    /// Lets so many attempts a second begin
    #[arg(long, value_name = "RATE", value_parser = clap::value_parser!(u32).range(1..))]
    pacer: Option<u32>,
}

/// How many connectors, if nothing else is said and so many are allowed.
const CLIENTS: u32 = 2_000;
/// Sockets at both ends.
const FILES_A_CLIENT: u64 = 2;
/// Standard streams, the listener, what the runtime needs, and connections that are about to be dropped.
const OTHER_FILES: u64 = 64;

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fleet: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), Box<dyn Error>> {
    let clients = affordable(args.clients)?;
    let capacity = args.capacity.unwrap_or((clients / 5).max(1));
    let pacer = |rate: u32| Pacer::per_second(rate).burst((rate / 10).max(1));
    let pacer = args.pacer.map(pacer).transpose()?;
    let policy = args.policy.unwrap_or_else(|| Exponential::default().into());
    let mut fleet = Fleet::start(clients, capacity, &policy, pacer).await?;
    fleet.play().await
}

/// Raises the limit on open files as far as `asked` clients need, or says that it cannot.
fn affordable(asked: Option<u32>) -> Result<u32, String> {
    let clients = asked.unwrap_or(CLIENTS);
    let needed = FILES_A_CLIENT * u64::from(clients) + OTHER_FILES;
    let limit = rlimit::increase_nofile_limit(needed).map_err(|error| error.to_string())?;
    fitting(asked, limit)
}

fn fitting(asked: Option<u32>, limit: u64) -> Result<u32, String> {
    let fit = limit.saturating_sub(OTHER_FILES) / FILES_A_CLIENT;
    match asked {
        None => Ok(u32::try_from(fit).unwrap_or(CLIENTS).min(CLIENTS)),
        Some(clients) if u64::from(clients) <= fit => Ok(clients),
        Some(_) => Err(format!(
            "the limit on open files is {}, which is enough for {} connectors; `ulimit -n` raises it",
            thousands(limit),
            thousands(fit)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_on_open_files_bounds_the_fleet_and_is_told_where_more_was_asked_for() {
        assert_eq!(fitting(None, 1_000_000), Ok(2_000));
        assert_eq!(fitting(None, 1_024), Ok(480));
        assert_eq!(fitting(Some(480), 1_024), Ok(480));
        let refused = fitting(Some(481), 1_024).unwrap_err();
        assert!(refused.contains(" is 1,024, which is enough for 480 connectors; "));
    }
}
