//! A fleet: two thousand connectors in one terminal lose one server, and come back.
//! Shows what a delay policy and a pacer do to a server that takes so many connects a second, over real sockets.
//! It kills, blackholes and revives the server by itself, and ends; on a terminal, keys do so instead.

mod connector;
mod fleet;
mod play;
mod screen;
mod server;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use clap::Parser;
use examples::thousands;
use schmoozer_backoff::PolicyConfig;
use schmoozer_core::Pacer;

use crate::fleet::Fleet;
use crate::play::{play, print};

/// Shows a fleet of connectors that lose one server over loopback, and come back.
///
/// The server takes a given number of connects in each second, and resets the others. A killed one drops all its
/// connections and refuses new ones; a blackholed one answers nothing, so that dials and heartbeats run into their
/// timeouts. By itself it kills, blackholes and revives the server, and ends; the first key takes over.
#[derive(Debug, Parser)]
struct Args {
    /// How many connectors [default: 2000, or as many as the limit on open files lets be]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    clients: Option<u32>,
    /// How many connects a second the server takes [default: a fifth of the connectors]
    #[arg(long, value_name = "CONNECTS", value_parser = clap::value_parser!(u32).range(1..))]
    capacity: Option<u32>,
    /// The delay policy to begin with, such as `exponential:50ms..10s,full`
    #[arg(long)]
    policy: Option<PolicyConfig>,
    /// Lets so many attempts a second begin
    #[arg(long, value_name = "RATE", value_parser = clap::value_parser!(u32).range(1..))]
    pacer: Option<u32>,
    /// Prints a line a second instead of drawing a screen
    #[arg(long)]
    plain: bool,
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
    let mut fleet = Fleet::start(clients, capacity, args.policy, pacer).await?;
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if args.plain || dumb || !io::stdout().is_terminal() {
        return play(&mut fleet, None).await;
    }
    // Left as it was at the end, also after a panic.
    let terminal = ratatui::try_init()?;
    let played = play(&mut fleet, Some(terminal)).await;
    ratatui::try_restore()?;
    print(&fleet.view.log)?;
    played
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
