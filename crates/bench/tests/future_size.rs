//! What `run`'s future holds: the connector, the callback under way or the wait, and little more.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::time::Duration;

use schmoozer_core::{
    ConnResult, Connector, Failure, RetryResult, RunResult, Runner, Session, run,
};

/// What the loop keeps for itself: when the attempt and the outage began, which attempt it is, the session, and where
/// it stands.
const LOOP: usize = 72;
/// What is kept while a connection runs: since when it is up, its session, and where its handler stands.
const CONNECTED: usize = 48;
/// What a wait may need, tokio's timer entry and all; a callback's future overlaps it.
const WAIT: usize = 112;

struct Parked<const OWN: usize, const CONNECT: usize, const RUN: usize>([u8; OWN]);

impl<const OWN: usize, const CONNECT: usize, const RUN: usize> Connector
    for Parked<OWN, CONNECT, RUN>
{
    type Connection = ();
    type Error = Infallible;

    async fn connect(&mut self) -> ConnResult<(), Infallible> {
        hold::<CONNECT>().await;
        ConnResult::Connected(())
    }

    async fn run(&mut self, (): (), _: Session) -> RunResult<Infallible> {
        hold::<RUN>().await;
        RunResult::Exit(Ok(()))
    }

    async fn retry_delay(&mut self, _: Failure<Infallible>) -> RetryResult<Infallible> {
        RetryResult::After(Duration::from_secs(u64::from(self.0[0])))
    }
}

/// Keeps `SIZE` bytes across an await.
async fn hold<const SIZE: usize>() {
    let held = [1_u8; SIZE];
    pending::<()>().await;
    let _ = std::hint::black_box(held);
}

fn size<F: Future>(future: &F) -> usize {
    size_of_val(future)
}

/// The future's size, and the bound on it.
fn sizes<const OWN: usize, const CONNECT: usize, const RUN: usize>() -> (usize, usize) {
    let mut connector = Parked::<OWN, CONNECT, RUN>([0; OWN]);
    let connect = size(&connector.connect());
    let run_callback = size(&connector.run((), Session::detached())) + CONNECTED;
    let bound = OWN + LOOP + connect.max(run_callback).max(WAIT);
    (size(&run(connector)), bound)
}

#[track_caller]
fn assert_within((size, bound): (usize, usize)) {
    println!("{size} B, at most {bound}");
    assert!(size <= bound, "{size} B, more than {bound}");
}

#[test]
fn the_loop_holds_the_connector_once() {
    assert_within(sizes::<4096, 1, 1>());
}

#[test]
fn callbacks_share_their_room_with_each_other_and_with_the_wait() {
    assert_within(sizes::<64, 1, 1>());
    assert_within(sizes::<64, 100, 1>());
    assert_within(sizes::<64, 1, 4096>());
    assert_within(sizes::<64, 4096, 4096>());
}

#[test]
fn the_full_loop_is_on_the_heap() {
    let connector = Parked::<4096, 4096, 4096>([0; 4096]);
    let running = size(&Runner::new(connector).run());
    assert_within((running, 256));
}
