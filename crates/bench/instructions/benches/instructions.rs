//! Has gungraun count the instructions of each loop, delay and dial that the benchmark lists. It is a package of its own:
//! tokio's `test-util`, which the tests of the benchmark ask for, adds 59 instructions to an attempt.
#![forbid(unsafe_code)]
#![expect(missing_docs, reason = "what the macros write has none")]

use std::net::TcpListener;

use bench::{
    DELAYS, DIALS, DelaySource, Dial, Dialing, LOOPS, Loop, Operation, Retried, SEQUENCE, UNITS,
};
use gungraun::Callgrind;
use gungraun::prelude::*;
use tokio::runtime::{Builder, Runtime};

main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = counted
);
library_benchmark_group!(
    name = counted,
    benchmarks = [attempts, delays, sequences, dials]
);

#[library_benchmark(setup = start)]
#[benches::ready(iter = LOOPS.iter().map(|it| (it, Operation::Ready)))]
#[benches::suspends(iter = LOOPS.iter().map(|it| (it, Operation::Suspends)))]
fn attempts((candidate, runtime, future): (&Loop, Runtime, Retried)) -> Runtime {
    candidate.drive(&runtime, future);
    runtime
}

fn start((candidate, operation): (&Loop, Operation)) -> (&Loop, Runtime, Retried) {
    let runtime = Builder::new_current_thread().enable_time().build();
    let future = candidate.start(operation, UNITS.into());
    (candidate, runtime.expect("a runtime"), future)
}

#[library_benchmark]
#[benches::delays(iter = DELAYS)]
fn delays(source: &DelaySource) {
    source.draw(UNITS.into());
}

#[library_benchmark]
#[benches::sequences(iter = DELAYS)]
fn sequences(source: &DelaySource) {
    (0..UNITS).for_each(|_| source.draw(SEQUENCE.into()));
}

// The peer accepts on the same thread, and is counted too. On a thread or in a process of its own, it would be chance
// whether the dial sees the end of the stream.
#[library_benchmark(setup = dialer)]
#[benches::dials(iter = DIALS)]
fn dials((peer, dialer, runtime): (TcpListener, Dialing, Runtime)) -> Runtime {
    for _ in 0..UNITS {
        dialer(&runtime).expect("a connection");
        drop(peer.accept());
    }
    runtime
}

fn dialer(dial: &Dial) -> (TcpListener, Dialing, Runtime) {
    let peer = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let dialer = (dial.dialer)(peer.local_addr().expect("an address"));
    let runtime = Builder::new_current_thread().enable_all().build();
    (peer, dialer, runtime.expect("a runtime"))
}
