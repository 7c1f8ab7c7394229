use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::Result;
use schmoozer_backoff::Exponential;
use schmoozer_peer::async_trait;
use schmoozer_peer::tcpconn::{KillSwitch, SimpleTcpConnector};
use schmoozer_tcp::{Dialer, End, Event, Runner, TcpConnector};
use stubborn_io::{ReconnectOptions, StubbornTcpStream};
use tokio::net::TcpSocket;
use tokio::runtime::Builder;
use tokio::time::{Instant, sleep, sleep_until};

use crate::table::Table;

/// Lengths spread evenly by their logarithm: one length alone may lie just beside the sum of a schedule.
const OUTAGES: u32 = 77;
const SHORTEST: f64 = 0.5;

/// How long a client waits after its server is back: real loops, real sockets, real time, all at once.
pub(crate) fn ask(quick: bool) -> Result<Table> {
    let (title, longest) = if quick {
        (
            "Wait after the server is back, after 77 outages of 0.5 to 2 s, in seconds",
            2.0,
        )
    } else {
        (
            "Wait after the server is back, after 77 outages of 0.5 to 10 s, in seconds",
            10.0,
        )
    };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let recovered = runtime.block_on(all_recover(longest))?;
    let mut table = Table::new(title, &["mean", "p95", "share of the outage", "attempts"]);
    for ((name, _), recovered) in CLIENTS.iter().zip(recovered) {
        let mean = |value: fn(&Recovered) -> f64| {
            recovered.iter().map(value).sum::<f64>() / f64::from(OUTAGES * EACH)
        };
        let mut waits: Vec<f64> = recovered.iter().map(|one| one.wait).collect();
        waits.sort_by(f64::total_cmp);
        table.row(
            name,
            [
                Some(mean(|one| one.wait)),
                waits.get(waits.len() * 95 / 100).copied(),
                Some(mean(|one| one.wait / one.outage)),
                Some(mean(|one| f64::from(one.attempts))),
            ],
        );
    }
    Ok(table)
}

/// Clients of each kind for each outage.
const EACH: u32 = 5;

type Attempts = Arc<AtomicU32>;
type Client = fn(SocketAddr, Attempts) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

/// Each connects once, as it does by default, and counts its attempts.
const CLIENTS: &[(&str, Client)] = &[
    ("schmoozer-tcp", |addr, attempts| {
        Box::pin(ours(addr, attempts, Exponential::default()))
    }),
    ("schmoozer-tcp, grpc", |addr, attempts| {
        Box::pin(ours(addr, attempts, Exponential::grpc()))
    }),
    ("schmoozer 0.4.1", |addr, attempts| {
        Box::pin(peer(addr, attempts))
    }),
    ("stubborn-io", |addr, attempts| {
        Box::pin(stubborn(addr, attempts))
    }),
];

/// In seconds.
struct Recovered {
    outage: f64,
    wait: f64,
    attempts: u32,
}

async fn all_recover(longest: f64) -> Result<Vec<Vec<Recovered>>> {
    let mut tasks = Vec::new();
    for place in 0..OUTAGES {
        let place = f64::from(place) / f64::from(OUTAGES - 1);
        let outage = SHORTEST * (longest / SHORTEST).powf(place);
        let back = Instant::now() + Duration::from_secs_f64(outage);
        let addr = server_away_until(back)?;
        for (kind, (_, client)) in CLIENTS.iter().enumerate() {
            for _ in 0..EACH {
                let attempts = Attempts::default();
                let connected = client(addr, attempts.clone());
                let task = tokio::spawn(async move {
                    connected.await?;
                    let wait = Instant::now().saturating_duration_since(back);
                    io::Result::Ok(Recovered {
                        outage,
                        wait: wait.as_secs_f64(),
                        attempts: attempts.load(Ordering::Relaxed),
                    })
                });
                tasks.push((kind, task));
            }
        }
        // Not all outages begin at once, for the first attempts of all clients take a while.
        sleep(Duration::from_millis(20)).await;
    }
    let mut recovered: Vec<Vec<_>> = CLIENTS.iter().map(|_| Vec::new()).collect();
    for (kind, task) in tasks {
        recovered[kind].push(task.await??);
    }
    Ok(recovered)
}

/// The address of a server that refuses until `back`: its port is its own, but nobody listens yet.
fn server_away_until(back: Instant) -> io::Result<SocketAddr> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let addr = socket.local_addr()?;
    tokio::spawn(async move {
        sleep_until(back).await;
        let listener = socket.listen(1_024)?;
        loop {
            drop(listener.accept().await?);
        }
        #[expect(unreachable_code, reason = "what tells the type of the errors")]
        io::Result::<Infallible>::Err(io::ErrorKind::Other.into())
    });
    Ok(addr)
}

async fn ours(addr: SocketAddr, attempts: Attempts, policy: Exponential) -> io::Result<()> {
    let handler = async |_, _| io::Result::Ok(End::Exit);
    let link = TcpConnector::new(Dialer::new(addr)?, handler).retry(policy);
    Runner::new(link)
        .on_event(|event| {
            if matches!(event, Event::Connecting { .. }) {
                attempts.fetch_add(1, Ordering::Relaxed);
            }
        })
        .run()
        .await
}

async fn peer(addr: SocketAddr, attempts: Attempts) -> io::Result<()> {
    let serve = |_, _| async { schmoozer_peer::RunResult::Exit(Ok(())) };
    let connector = SimpleTcpConnector::new(addr, KillSwitch::default(), Box::new(serve));
    schmoozer_peer::run(Counted {
        connector,
        attempts,
    })
    .await
}

/// A connector of `schmoozer` 0.4.1 whose attempts are counted.
struct Counted<C> {
    connector: C,
    attempts: Attempts,
}

#[async_trait]
impl<C> schmoozer_peer::Connector for Counted<C>
where
    C: schmoozer_peer::Connector + Send,
{
    type Error = C::Error;
    type ConnType = C::ConnType;

    async fn connect(&mut self) -> schmoozer_peer::ConnResult<C::ConnType, C::Error> {
        self.attempts.fetch_add(1, Ordering::Relaxed);
        self.connector.connect().await
    }

    async fn retry_delay(&mut self) -> schmoozer_peer::RunResult<C::Error> {
        self.connector.retry_delay().await
    }

    async fn run(&mut self, connection: C::ConnType) -> schmoozer_peer::RunResult<C::Error> {
        self.connector.run(connection).await
    }
}

/// By default it gives up when its first connect fails; here it is told to go on.
async fn stubborn(addr: SocketAddr, attempts: Attempts) -> io::Result<()> {
    attempts.store(1, Ordering::Relaxed);
    let count = move || {
        attempts.fetch_add(1, Ordering::Relaxed);
    };
    let options = ReconnectOptions::new()
        .with_exit_if_first_connect_fails(false)
        .with_on_connect_fail_callback(count);
    StubbornTcpStream::connect_with_options(addr, options)
        .await
        .map(drop)
}
