//! Puts ours and the peers through the same faults, each in a fresh process, and prints what came of it.
#![forbid(unsafe_code)]

mod alone;
mod clients;
mod fault;
mod reconnect;
mod scene;
mod seen;

use std::env;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;

use crate::clients::{CLIENTS, Client};
use crate::fault::Fault;

#[derive(Debug, Parser)]
#[command(
    bin_name = "cargo xtask bench --faults",
    about = "Puts the crates and their peers through the same faults"
)]
struct Options {
    /// Runs this fault alone; repeat it to run several
    #[arg(long, value_name = "FAULT")]
    only: Vec<Fault>,
    /// Puts this client through it alone; repeat it for several
    #[arg(long, value_name = "CLIENT", value_parser = names())]
    client: Vec<String>,
    /// Watches each client for this long, instead of for as long as the fault takes to show
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// How a run of its own is told what to do
    #[arg(long, hide = true, num_args = 2, value_names = ["FAULT", "CLIENT"])]
    alone: Option<Vec<String>>,
}

fn names() -> clap::builder::PossibleValuesParser {
    CLIENTS
        .iter()
        .map(|client| client.name)
        .collect::<Vec<_>>()
        .into()
}

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some([fault, client]) = options.alone.as_deref() {
        return alone::run(fault, client, options.seconds);
    }
    println!("| fault | client | attempts | outcome |\n|---|---|---|---|");
    let chosen = |fault: &&Fault| options.only.is_empty() || options.only.contains(fault);
    let mut runs = Vec::new();
    for &fault in Fault::ALL.iter().filter(chosen) {
        match fault.why_not() {
            Some(reason) => println!("| {} | | | skipped: {reason} |", fault.name()),
            None => runs.extend(chosen_clients(&options, fault).map(|client| (fault, client))),
        }
    }
    // Who redials without a pause takes the processor from everybody beside it.
    let (alone, together): (Vec<_>, Vec<_>) = runs
        .into_iter()
        .partition(|(fault, client)| fault.keeps_the_processor_busy() || client.hurries);
    let start = |(fault, client): (Fault, &Client)| start(fault, client.name, options.seconds);
    for run in alone {
        finish(vec![start(run)?])?;
    }
    finish(together.into_iter().map(start).collect::<Result<_>>()?)
}

fn chosen_clients(options: &Options, fault: Fault) -> impl Iterator<Item = &'static Client> {
    CLIENTS.iter().filter(move |client| {
        client.goes_through(fault)
            && (options.client.is_empty() || options.client.iter().any(|name| name == client.name))
    })
}

struct Running {
    fault: Fault,
    client: &'static str,
    at_most: Duration,
    process: Child,
}

/// What a process may take beside the time in which its client is watched.
const STARTING: Duration = Duration::from_secs(5);

fn start(fault: Fault, client: &'static str, seconds: Option<u64>) -> Result<Running> {
    let mut words = fault.surroundings();
    words.push(
        env::current_exe()?
            .to_str()
            .context("the path of this program is no text")?
            .to_owned(),
    );
    words.extend(["--alone", fault.name(), client].map(str::to_owned));
    words.extend(seconds.map(|seconds| format!("--seconds={seconds}")));
    let process = Command::new(&words[0])
        .args(&words[1..])
        // For the resolver, where it asks a server at all.
        .env("RES_OPTIONS", "timeout:1 attempts:1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| words.join(" "))?;
    Ok(Running {
        fault,
        client,
        at_most: fault.watched(seconds) + STARTING,
        process,
    })
}

/// Prints a row for each, in order. A process that is late is stopped.
fn finish(running: Vec<Running>) -> Result<()> {
    for Running {
        fault,
        client,
        at_most,
        mut process,
    } in running
    {
        let mut left = at_most;
        while process.try_wait()?.is_none() && !left.is_zero() {
            thread::sleep(fault::TICK);
            left = left.saturating_sub(fault::TICK);
        }
        let late = left.is_zero() && process.try_wait()?.is_none();
        if late {
            process.kill()?;
        }
        let status = process.wait()?;
        let (mut told, mut said) = (String::new(), String::new());
        process
            .stdout
            .take()
            .context("the output is piped")?
            .read_to_string(&mut told)?;
        process
            .stderr
            .take()
            .context("the errors are piped")?
            .read_to_string(&mut said)?;
        let told = match status.code() {
            Some(0) => told.trim().to_owned(),
            Some(101) => format!(
                "| panicked: {}",
                said.lines().nth(1).unwrap_or(&said).trim()
            ),
            _ if late => "| blocks its thread".to_owned(),
            _ => anyhow::bail!("{} with {client}: {status} {said}", fault.name()),
        };
        println!("| {} | {client} | {told} |", fault.name());
    }
    Ok(())
}
