//! Does one thing a given number of times, for an instruction counter to look at:
//! `probe ready|suspends|delays|sequences|dials NAME TIMES`.
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
    if probe(&arguments).is_none() {
        eprintln!("probe does not know what {arguments:?} is");
        return ExitCode::from(2);
    }
    ExitCode::SUCCESS
}

fn probe(arguments: &[String]) -> Option<()> {
    let [what, name, times] = arguments else {
        return None;
    };
    let times: u32 = times.parse().ok()?;
    let source = DELAYS.iter().find(|source| source.name == name);
    match what.as_str() {
        "ready" => attempt(name, Operation::Ready, times)?,
        "suspends" => attempt(name, Operation::Suspends, times)?,
        "delays" => source?.draw(times.into()),
        "sequences" => {
            let source = source?;
            (0..times).for_each(|_| source.draw(SEQUENCE.into()));
        }
        "dials" => dial(name, times)?,
        _ => return None,
    }
    Some(())
}

fn attempt(name: &str, operation: Operation, attempts: u32) -> Option<()> {
    let candidate = LOOPS.iter().find(|candidate| candidate.name == name)?;
    let future = candidate.start(operation, attempts.into());
    let runtime = Builder::new_current_thread().enable_time().build().ok()?;
    candidate.drive(&runtime, future);
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
