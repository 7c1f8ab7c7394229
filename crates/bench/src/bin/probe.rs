//! Does one thing a given number of times, for an instruction counter to look at:
//! `probe loop NAME ready|suspends ATTEMPTS`, `probe delays NAME DELAYS`, `probe sequences NAME SEQUENCES`,
//! `probe dial NAME DIALS`.
#![forbid(unsafe_code)]

use std::env;
use std::process::ExitCode;

use bench::{Acceptor, DELAYS, DIALS, LOOPS, Operation, SEQUENCE};
use tokio::runtime::Builder;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if probe(&arguments).is_none() {
        eprintln!(
            "usage: probe loop NAME ready|suspends COUNT | probe delays|sequences|dial NAME COUNT"
        );
        return ExitCode::from(2);
    }
    ExitCode::SUCCESS
}

fn probe(arguments: &[&str]) -> Option<()> {
    match arguments {
        ["loop", name, operation, attempts] => {
            let candidate = LOOPS.iter().find(|candidate| candidate.name == *name)?;
            let operation = match *operation {
                "ready" => Operation::Ready,
                "suspends" => Operation::Suspends,
                _ => return None,
            };
            let future = candidate.start(operation, attempts.parse().ok()?);
            let runtime = Builder::new_current_thread().enable_time().build().ok()?;
            candidate.drive(&runtime, future);
        }
        ["delays", name, delays] => {
            let source = DELAYS.iter().find(|source| source.name == *name)?;
            source.draw(delays.parse().ok()?);
        }
        ["sequences", name, sequences] => {
            let source = DELAYS.iter().find(|source| source.name == *name)?;
            for _ in 0..sequences.parse::<u32>().ok()? {
                source.draw(u64::from(SEQUENCE));
            }
        }
        ["dial", name, dials] => dial(name, dials.parse().ok()?)?,
        _ => return None,
    }
    Some(())
}

fn dial(name: &str, dials: u32) -> Option<()> {
    let dial = DIALS.iter().find(|dial| dial.name == name)?;
    let runtime = Builder::new_current_thread().enable_all().build().ok()?;
    let dialer = dial.dialer(Acceptor::start().ok()?.addr());
    for _ in 0..dials {
        dialer(&runtime).ok()?;
    }
    Some(())
}
