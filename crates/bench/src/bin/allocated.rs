//! Counts what one thing allocates, in a process of its own:
//! `allocated loop NAME`, `allocated dial NAME`: allocations and bytes for each one;
//! `allocated parked NAME`: bytes of the future, allocations, bytes of heap and of memory for each one.
#![forbid(unsafe_code)]

use std::env;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use allocation_counter::measure;
use bench::{Acceptor, DIALS, LOOPS, Operation, PARKED};
use tokio::runtime::{Builder, Runtime};

const PARKED_TASKS: u32 = 100_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let counted = match arguments.as_slice() {
        ["loop", name] => attempts(name),
        ["dial", name] => dials(name),
        ["parked", name] => parked(name),
        _ => None,
    };
    let Some(counted) = counted else {
        eprintln!("usage: allocated loop|dial|parked NAME");
        return ExitCode::from(2);
    };
    for number in counted {
        println!("{number}");
    }
    ExitCode::SUCCESS
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

#[expect(clippy::cast_precision_loss, reason = "the counts are small")]
fn each(total: u64, of: u64) -> f64 {
    total as f64 / of as f64
}

/// Allocations and bytes of one attempt: the difference between many and one.
fn attempts(name: &str) -> Option<Vec<f64>> {
    let candidate = LOOPS.iter().find(|candidate| candidate.name == name)?;
    let runtime = runtime().ok()?;
    let count = |attempts| {
        let future = candidate.start(Operation::Suspends, attempts);
        measure(|| candidate.drive(&runtime, future))
    };
    count(1);
    let (one, many) = (count(1), count(101));
    Some(vec![
        each(many.count_total - one.count_total, 100),
        each(many.bytes_total - one.bytes_total, 100),
    ])
}

fn dials(name: &str) -> Option<Vec<f64>> {
    const DIALED: u32 = 200;

    let dial = DIALS.iter().find(|dial| dial.name == name)?;
    let runtime = runtime().ok()?;
    let acceptor = Acceptor::start().ok()?;
    let addr: SocketAddr = acceptor.addr();
    let dialer = dial.dialer(addr);
    dialer(&runtime).ok()?;
    let mut failed = 0;
    let counted = measure(|| {
        for _ in 0..DIALED {
            failed += u32::from(dialer(&runtime).is_err());
        }
    });
    let times = u64::from(DIALED);
    (failed == 0).then(|| {
        vec![
            each(counted.count_total, times),
            each(counted.bytes_total, times),
        ]
    })
}

fn parked(name: &str) -> Option<Vec<f64>> {
    let parked = PARKED.iter().find(|parked| parked.name == name)?;
    let runtime = runtime().ok()?;
    let count = u64::from(PARKED_TASKS);
    let resident = resident().unwrap_or(0);
    let mut size = 0;
    let counted = measure(|| {
        runtime.block_on(async {
            for _ in 0..PARKED_TASKS {
                size = parked.spawn();
                // Each one runs until it is parked.
                tokio::task::yield_now().await;
            }
        });
    });
    let grown = self::resident().unwrap_or(0).saturating_sub(resident);
    Some(vec![
        each(u64::try_from(size).ok()?, 1),
        each(counted.count_total, count),
        each(u64::try_from(counted.bytes_current).ok()?, count),
        each(grown, count),
    ])
}

/// The memory that this process has in use, in bytes; Linux says it in pages of 4 KiB.
fn resident() -> Option<u64> {
    let pages = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = pages.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}
