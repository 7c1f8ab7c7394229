//! Connectors of functions, of a state, and of a `Result`.

use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex};

use schmoozer_core::{
    ConnResult, Connector, End, Failure, Lifecycle, RetryResult, RunResult, Session, Why, closed,
    connector_fn, connector_with, run,
};
use schmoozer_faults::Checker;
use tokio::time::{Instant, sleep};

use crate::checked::{checked, checked_by};
use crate::scene::{ms, secs};

#[test]
fn results_become_what_the_loop_acts_on() {
    type Conn = ConnResult<u8, &'static str>;
    type Run = RunResult<&'static str>;
    assert_eq!(Conn::from(Ok(1)), ConnResult::Connected(1));
    assert_eq!(Conn::from(Err("no")), ConnResult::Reconnect("no"));
    assert_eq!(Run::from(Ok(End::Renew)), RunResult::Renew);
    assert_eq!(Run::from(Ok(End::Exit)), RunResult::Exit(Ok(())));
    assert_eq!(Run::from(Err("no")), RunResult::Reconnect("no"));
}

/// Counts over connections.
#[derive(Default)]
struct Counts {
    dialed: u32,
    served: Vec<u32>,
}

impl Counts {
    async fn connect(&mut self) -> io::Result<u32> {
        tokio::task::yield_now().await;
        self.dialed += 1;
        Ok(self.dialed)
    }

    async fn serve(&mut self, connection: u32, session: Session) -> io::Result<End> {
        session.ready();
        sleep(ms(10)).await;
        self.served.push(connection);
        match connection {
            3 => Ok(End::Exit),
            2 => Ok(End::Renew),
            _ => Err(closed()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_outlives_its_connections_and_comes_back() {
    for full in [false, true] {
        let mut link = connector_with(Counts::default(), Counts::connect, Counts::serve, [secs(1)])
            .ready_when_marked()
            .stable_after(secs(2))
            .target("counts");
        if full {
            checked_by(&Checker::exact().stable_after(secs(2)), &mut link)
                .run()
                .await
                .unwrap();
        } else {
            run(&mut link).await.unwrap();
        }
        let counts = link.into_state();
        assert_eq!((counts.dialed, counts.served), (3, vec![1, 2, 3]));
    }
}

/// Row 24: the state is right after a loop that was dropped.
#[tokio::test(start_paused = true)]
async fn a_state_comes_back_from_a_loop_that_was_dropped_and_can_be_run_again() {
    let link = connector_with(
        Vec::<u8>::new(),
        async |log: &mut Vec<u8>| {
            log.push(b'c');
            Ok::<_, &str>(())
        },
        async |log: &mut Vec<u8>, (), session: Session| {
            log.push(b's');
            session.stopping().await;
            log.push(b'e');
            Ok(End::Exit)
        },
        [secs(1)],
    );
    let mut link = link.stable_after(secs(1));
    for _ in 0..2 {
        let dropped = tokio::time::timeout(secs(5), run(&mut link)).await;
        assert!(dropped.is_err());
    }
    // It moves to another task too.
    let running = tokio::spawn(async move {
        let checker = Checker::exact().stable_after(secs(1));
        checked_by(&checker, &mut link)
            .shutdown(sleep(secs(1)))
            .run()
            .await
            .unwrap();
        link.into_state()
    });
    assert_eq!(running.await.unwrap(), *b"cscscse");
}

#[tokio::test(start_paused = true)]
async fn a_hint_and_a_predicate_see_the_error() {
    let begin = Instant::now();
    let attempts = Arc::new(Mutex::new(Vec::new()));
    let dialed = Arc::clone(&attempts);
    let link = connector_fn(
        move || {
            let mut dialed = dialed.lock().unwrap();
            dialed.push(begin.elapsed());
            std::future::ready(Err::<(), _>(if dialed.len() < 3 {
                "come back in 30 s"
            } else {
                "go away"
            }))
        },
        async |(), _| Ok(End::Exit),
        [secs(1); 9],
    )
    .hint(|error| error.ends_with("30 s").then(|| secs(30)))
    .retry_if(|failure| failure.cause != "go away");
    let runner = checked(link);
    let handle = runner.handle();
    assert_eq!(runner.run().await, Err("go away"));
    assert_eq!(handle.stopped().await.why, Why::Final);
    let attempts = attempts.lock().unwrap().clone();
    for pair in attempts.windows(2) {
        let waited = pair[1].abs_diff(pair[0]);
        assert!((secs(30)..=ms(33_001)).contains(&waited), "{waited:?}");
    }
}

/// The shortest connector by hand: bodies that end with `into()`.
struct ByHand;

impl Connector for ByHand {
    type Connection = u8;
    type Error = io::Error;

    async fn connect(&mut self) -> ConnResult<u8, io::Error> {
        async { Ok(1) }.await.into()
    }

    async fn run(&mut self, _: u8, session: Session) -> RunResult<io::Error> {
        async move {
            session.ready();
            Ok(End::Exit)
        }
        .await
        .into()
    }

    async fn retry_delay(&mut self, failure: Failure<io::Error>) -> RetryResult<io::Error> {
        RetryResult::GiveUp(failure.cause)
    }

    fn lifecycle(&self) -> Lifecycle {
        const LIFE: Lifecycle = Lifecycle::new().ready_when_marked();
        LIFE
    }

    fn display_target(&self) -> Option<String> {
        Some("by hand".to_owned())
    }
}

#[tokio::test(start_paused = true)]
async fn a_reference_and_the_connector_itself_behave_alike() {
    fn life(connector: &impl Connector) -> (Lifecycle, Option<String>) {
        (connector.lifecycle(), connector.display_target())
    }
    assert!(run(ByHand).await.is_ok());
    assert!(run(&mut ByHand).await.is_ok());
    assert_eq!(life(&&mut ByHand), life(&ByHand));
}

/// Row 42: a handler's own error of any kind is retried.
#[tokio::test(start_paused = true)]
async fn every_error_is_retried_by_default() {
    for kind in [
        io::ErrorKind::InvalidInput,
        io::ErrorKind::PermissionDenied,
        io::ErrorKind::Unsupported,
        io::ErrorKind::NotFound,
        io::ErrorKind::AddrNotAvailable,
        io::ErrorKind::OutOfMemory,
    ] {
        for in_connect in [false, true] {
            let calls = Arc::new(Mutex::new(0));
            let counted = Arc::clone(&calls);
            let link = connector_fn(
                move || {
                    *counted.lock().unwrap() += 1;
                    std::future::ready(if in_connect { Err(kind.into()) } else { Ok(()) })
                },
                move |(), _| std::future::ready(Err::<End, io::Error>(kind.into())),
                [secs(1); 5],
            );
            let ended = checked(link).run().await;
            assert_eq!(ended.unwrap_err().kind(), kind);
            assert_eq!(*calls.lock().unwrap(), 6);
        }
    }
}

/// The functions' futures are held once: what a program keeps for each connection is what its handler needs.
#[test]
fn the_futures_of_connectors_from_functions_are_no_larger_than_those_of_the_functions() {
    async fn hold<const SIZE: usize, T>(value: T) -> Result<T, String> {
        let held = [1_u8; SIZE];
        pending::<()>().await;
        let _ = std::hint::black_box(held);
        Ok(value)
    }
    let connect = || hold::<600, _>(());
    let serve = |(), _: Session| hold::<800, _>(End::Exit);
    let (connecting, serving) = (connect(), serve((), Session::detached()));
    let sizes = [size_of_val(&connecting), size_of_val(&serving)];

    let mut of_functions = connector_fn(connect, serve, [secs(1)]);
    assert_eq!(size_of_val(&of_functions.connect()), sizes[0]);
    let running = of_functions.run((), Session::detached());
    assert_eq!(size_of_val(&running), sizes[1]);
    drop(running);

    let mut with_state = connector_with(
        0,
        |_: &mut u8| hold::<600, _>(()),
        |_: &mut u8, (), _| hold::<800, _>(End::Exit),
        [secs(1)],
    );
    assert_eq!(size_of_val(&with_state.connect()), sizes[0]);
    assert_eq!(
        size_of_val(&with_state.run((), Session::detached())),
        sizes[1]
    );
}
