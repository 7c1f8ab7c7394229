use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use schmoozer_core::{
    ConnResult, Connector, Failure, RetryResult, RunResult, Runner, Session, Status,
};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use crate::rounds::median;
use crate::table::Table;

/// How soon after `retry_now`, called on another thread, the connect starts.
pub(crate) fn ask(quick: bool) -> Result<Table> {
    let mut table = Table::new(
        "From a call of retry_now on another thread to the start of the connect, in microseconds",
        &["median", "worst"],
    );
    let times = if quick { 200 } else { 2_000 };
    for (name, measured) in [
        ("bare, a task woken by a Notify", bare(times)?),
        ("schmoozer-core", ours(times)?),
    ] {
        let mut measured = measured;
        let median = median(&mut measured);
        table.row(name, [Some(median), measured.last().copied()]);
    }
    Ok(table)
}

/// Each time with a loop of its own: requests start at most one attempt a second.
fn ours(times: u32) -> Result<Vec<f64>> {
    let (started, starts) = mpsc::channel();
    let (runners, next) = mpsc::channel::<Runner<'_, Link>>();
    let runtime = runtime()?;
    let looping = thread::spawn(move || {
        next.iter()
            .try_for_each(|runner| runtime.block_on(runner.run()))
    });
    let measured = measure(times, &starts, || {
        let runner = Runner::new(Link {
            started: started.clone(),
            asked: false,
        });
        let handle = runner.handle();
        ensure!(runners.send(runner).is_ok(), "the loops have ended");
        starts.recv()?;
        // A step takes no time to begin: it waits when it says so.
        while !matches!(handle.status(), Status::Waiting { until: Some(_), .. }) {
            thread::yield_now();
        }
        Ok(move_on_later(|| handle.retry_now()))
    });
    drop(runners);
    let ended = looping.join();
    ensure!(matches!(ended, Ok(Ok(()))), "a loop ended with {ended:?}");
    measured
}

fn bare(times: u32) -> Result<Vec<f64>> {
    let (started, starts) = mpsc::channel();
    let notify = Arc::new(Notify::new());
    let woken = notify.clone();
    let runtime = runtime()?;
    thread::spawn(move || {
        runtime.block_on(async {
            // It ends when nobody asks any more.
            while started.send(Instant::now()).is_ok() {
                woken.notified().await;
            }
        });
    });
    starts.recv()?;
    let measured = measure(times, &starts, || Ok(move_on_later(|| notify.notify_one())));
    drop(starts);
    notify.notify_one();
    measured
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Gives the other thread the time to fall asleep, and says when it was woken.
fn move_on_later(wake: impl Fn()) -> Instant {
    thread::sleep(Duration::from_micros(200));
    let asked = Instant::now();
    wake();
    asked
}

fn measure(
    times: u32,
    starts: &Receiver<Instant>,
    ask: impl Fn() -> Result<Instant>,
) -> Result<Vec<f64>> {
    (0..times)
        .map(|_| {
            let asked = ask()?;
            let start = starts.recv()?;
            Ok(start.saturating_duration_since(asked).as_secs_f64() * 1e6)
        })
        .collect()
}

/// Says when it is to connect. Fails, and waits for an hour; ends when it connects again.
struct Link {
    started: Sender<Instant>,
    asked: bool,
}

impl Connector for Link {
    type Connection = ();
    type Error = &'static str;

    async fn connect(&mut self) -> ConnResult<(), &'static str> {
        if self.started.send(Instant::now()).is_err() || self.asked {
            return ConnResult::Exit(Ok(()));
        }
        self.asked = true;
        ConnResult::Reconnect("refused")
    }

    async fn run(&mut self, (): (), _: Session) -> RunResult<&'static str> {
        RunResult::Exit(Ok(()))
    }

    async fn retry_delay(&mut self, _: Failure<&'static str>) -> RetryResult<&'static str> {
        RetryResult::After(Duration::from_secs(3_600))
    }
}
