//! Does one thing a given number of times, for an instruction counter to look at:
//! `probe loop NAME ready|suspends ATTEMPTS`, `probe delays NAME DELAYS`, `probe sequences NAME SEQUENCES`,
//! `probe dial NAME DIALS`.
#![forbid(unsafe_code)]

use std::env;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::thread;

use bench::{DELAYS, DIALS, LOOPS, Operation, SEQUENCE};
use tokio::runtime::Builder;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if probe(&arguments).is_none() {
        eprintln!("probe does not know what {arguments:?} is");
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
    let dialer = (dial.dialer)(accepts_and_closes().ok()?);
    for _ in 0..dials {
        dialer(&runtime).ok()?;
    }
    Some(())
}

/// No peer of `schmoozer-faults`, whose work would be counted with the dial's: the bare one would take 11,377 to 12,991
/// instructions instead of 4,746. With a peer in another process, it is chance whether the end of the stream is seen
/// before the dial has ended: 4,013 or 4,407.
fn accepts_and_closes() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let addr = listener.local_addr()?;
    thread::spawn(move || listener.incoming().for_each(drop));
    Ok(addr)
}
