use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use schmoozer_backoff::Constant;
use schmoozer_core::{End, Lifecycle, Runner, Status, connector_fn};
use tokio::runtime::{Builder, Runtime};

use crate::rounds::median;
use crate::table::Bound::AtMost;
use crate::table::Table;

/// How soon after `retry_now`, called on another thread, the connect starts.
pub(crate) fn ask(quick: bool) -> Result<Table> {
    let mut table = Table::new(
        "From a call of retry_now on another thread to the start of the connect, in microseconds",
        &["median", "worst"],
    );
    let mut runtime = Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build()?;
    let times = if quick { 200 } else { 2_000 };
    let measured = (0..times).map(|_| retry_now(&runtime));
    let mut measured = measured.collect::<Result<Vec<f64>>>()?;
    let median = median(&mut measured);
    table.row("schmoozer-core", [Some(median), measured.last().copied()]);
    table.target("schmoozer-core", "median", AtMost(1_000.0))?;
    table.target("schmoozer-core", "worst", AtMost(1_000.0))?;
    Ok(table)
}

/// Each time with a loop of its own: requests start at most one attempt a second.
fn retry_now(runtime: &Runtime) -> Result<f64> {
    let (started, starts): (Sender<Instant>, Receiver<Instant>) = channel();
    // Says when it connects, fails, and waits for an hour.
    let connector = connector_fn(
        move || {
            let heard = started.send(Instant::now()).is_ok();
            async move { Err::<(), _>(format!("refused, heard: {heard}")) }
        },
        async |(), _| Ok(End::Exit),
        Constant::new(Duration::from_secs(3_600)),
    );
    // No attempt is so soon after another one by default.
    let soon = Lifecycle::new().min_interval(Duration::ZERO);
    let runner = Runner::new(connector.lifecycle(soon));
    let handle = runner.handle();
    let looping = runtime.spawn(runner.run());
    starts.recv()?;
    // A step takes no time to begin: it waits when it says so.
    while !matches!(handle.status(), Status::Waiting { until: Some(_), .. }) {
        thread::yield_now();
    }
    // The other thread is to have fallen asleep.
    thread::sleep(Duration::from_micros(200));
    let asked = Instant::now();
    handle.retry_now();
    let start = starts.recv()?;
    handle.shutdown();
    let ended = runtime.block_on(looping)?;
    ensure!(ended.is_ok(), "the loop ended with {ended:?}");
    Ok(start.saturating_duration_since(asked).as_secs_f64() * 1e6)
}
