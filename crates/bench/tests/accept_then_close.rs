//! What each does with a server that accepts and closes at once, as the page `_peers` says: the times between the first
//! connections, in paused time.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use backon::Retryable as _;
use schmoozer_backoff::Exponential;
use schmoozer_core::{End, closed, connector_fn};
use schmoozer_peer::tcpconn::{KillSwitch, SimpleTcpConnector};
use stubborn_io::ReconnectOptions;
use stubborn_io::tokio::{StubbornIo, UnderlyingIo};
use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};
use tokio::time::{Instant, timeout};

const CONNECTIONS: usize = 8;
const HOURS: Duration = Duration::from_secs(3 * 3_600);

/// When each connection was made.
#[derive(Debug, Clone, Default)]
struct Visits(Arc<Mutex<Vec<Instant>>>);

impl Visits {
    /// Notes one, and tells whether it was the last that is wanted.
    fn note(&self) -> bool {
        let mut visits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        visits.push(Instant::now());
        visits.len() == CONNECTIONS
    }

    /// The seconds from each connection to the next.
    fn gaps(&self, who: &str) -> Vec<f64> {
        let visits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let gaps: Vec<f64> = visits
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).as_secs_f64())
            .collect();
        println!("{who:<15} {gaps:.2?}");
        gaps
    }

    /// Is up, and breaks at once; ends with the last.
    fn serve(&self) -> io::Result<End> {
        if self.note() {
            return Ok(End::Exit);
        }
        Err(closed())
    }
}

async fn connect() -> io::Result<()> {
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn ours_waits_longer_each_time_up_to_its_cap() {
    // Without the jitter, which could draw a short delay after a long one.
    let policy = Exponential::new(Duration::from_millis(50)).cap(Duration::from_secs(1));
    let visits = Visits::default();
    let connector = connector_fn(connect, async |(), _| visits.serve(), policy);
    schmoozer_core::run(connector)
        .await
        .expect("the last one ends it");
    assert_eq!(
        visits.gaps("this workspace"),
        [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    );
}

#[tokio::test(start_paused = true)]
async fn schmoozer_0_4_waits_one_second_each_time() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let visits = Visits::default();
    let noted = visits.clone();
    let connector = SimpleTcpConnector::new(
        addr,
        KillSwitch::new(),
        Box::new(move |_, _| {
            let last = noted.note();
            async move {
                if last {
                    schmoozer_peer::RunResult::Exit(Ok(()))
                } else {
                    schmoozer_peer::RunResult::Reconnect
                }
            }
        }),
    );
    schmoozer_peer::run(connector).await.unwrap();
    // The timer rounds up to its next millisecond.
    assert!(
        visits
            .gaps("schmoozer 0.4.1")
            .iter()
            .all(|gap| (1.0..1.01).contains(gap))
    );
}

/// A connection that is at its end when it is made.
struct Closed;

impl UnderlyingIo<Visits> for Closed {
    fn establish(visits: Visits) -> Pin<Box<dyn Future<Output = io::Result<Self>> + Send>> {
        Box::pin(async move {
            visits.note();
            Ok(Self)
        })
    }
}

impl AsyncRead for Closed {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn stubborn_io_waits_four_seconds_each_time() {
    let visits = Visits::default();
    let connecting =
        StubbornIo::<Closed, Visits>::connect_with_options(visits.clone(), ReconnectOptions::new());
    let mut stream = connecting.await.unwrap();
    // It reads on for ever, without a word.
    let thirty_seconds = Duration::from_secs(30);
    assert!(timeout(thirty_seconds, stream.read_u8()).await.is_err());
    let gaps = visits.gaps("stubborn-io");
    assert!(
        gaps.len() >= 7 && gaps.iter().all(|gap| (3.8..4.21).contains(gap)),
        "{gaps:?}"
    );
}

/// A loop around a retried connect: serves until it is enough, and returns how long that took.
async fn in_a_loop<F: Future<Output = io::Result<()>>>(who: &str, retried: impl Fn() -> F) {
    let visits = Visits::default();
    let looping = async {
        loop {
            retried().await.unwrap();
            if visits.serve().is_ok() {
                break;
            }
        }
    };
    timeout(HOURS, looping).await.unwrap();
    assert_eq!(visits.gaps(who), [0.0; CONNECTIONS - 1]);
}

#[tokio::test(start_paused = true)]
async fn a_loop_with_backon_does_not_wait() {
    in_a_loop("backon", || async {
        connect.retry(backon::ExponentialBuilder::default()).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_loop_with_tokio_retry2_does_not_wait() {
    in_a_loop("tokio-retry2", || async {
        let strategy = tokio_retry2::strategy::ExponentialFactorBackoff::from_millis(500, 2.0);
        tokio_retry2::Retry::spawn(strategy, || async { Ok(connect().await?) }).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_loop_with_backoff_does_not_wait() {
    in_a_loop("backoff", || async {
        let policy = backoff::ExponentialBackoff::default();
        backoff::future::retry(policy, || async { Ok(connect().await?) }).await
    })
    .await;
}
