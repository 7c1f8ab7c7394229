use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use bench::Acceptor;
use schmoozer_tcp::{Answers, Dialer, Resolve};
use stubborn_io::StubbornTcpStream;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::rounds::{ROUNDS, median, medians, nanoseconds_each};
use crate::table::Table;

/// What takes a fraction of a millisecond is timed this many times a round.
const CONNECTS: u32 = 100;

/// How long it takes to connect to a name with two addresses.
pub(crate) fn ask(quick: bool) -> Result<Table> {
    let mut table = Table::new(
        "Connect to a name with two addresses, the second good, in milliseconds",
        &[
            "the first dead",
            "given up after",
            "the first refuses",
            "the first good",
            "ratio",
        ],
    );
    // Where a connect is given up: one hangs for more than two minutes.
    let patience = Duration::from_secs(if quick { 1 } else { 4 });
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let good = Acceptor::start()?.addr();
    let hole = runtime.block_on(BlackHole::dig())?;
    let refusing = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;

    let measure = |first: SocketAddr, times| -> Result<Vec<f64>> {
        let addrs = [first, good];
        let mut failed = 0;
        let dialers: Vec<Dialing> = CANDIDATES.iter().map(|(_, new)| new(addrs)).collect();
        let measured = medians(ROUNDS, &dialers, |dial| {
            nanoseconds_each(times, || {
                for _ in 0..times {
                    let connected = async { timeout(patience, dial()).await };
                    failed += u32::from(!matches!(runtime.block_on(connected), Ok(Ok(()))));
                }
            }) / 1e6
        });
        ensure!(failed == 0, "{failed} connects failed");
        Ok(measured)
    };
    let refused = measure(refusing, CONNECTS)?;
    let good_first = measure(good, CONNECTS)?;
    for (index, (name, new)) in CANDIDATES.iter().enumerate() {
        let dead = runtime.block_on(past_the_hole(&new([hole.addr, good]), patience))?;
        let given_up = dead.is_none().then_some(patience.as_secs_f64() * 1e3);
        let good = good_first[index];
        table.row(
            name,
            [
                dead,
                given_up,
                Some(refused[index]),
                Some(good),
                Some(good / good_first[0]),
            ],
        );
    }
    Ok(table)
}

/// The median, or nothing when the first connect hangs.
async fn past_the_hole(dial: &Dialing, patience: Duration) -> Result<Option<f64>> {
    let mut measured = Vec::new();
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        match timeout(patience, dial()).await {
            Ok(connected) => connected?,
            Err(_) => return Ok(None),
        }
        measured.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    Ok(Some(median(&mut measured)))
}

/// Connects once each time it is called.
type Dialing = Box<dyn Fn() -> Pin<Box<dyn Future<Output = io::Result<()>>>>>;

/// Makes what connects to a name that has these two addresses.
type Candidate = fn([SocketAddr; 2]) -> Dialing;

/// `schmoozer` 0.4.1 is missing: it takes one address as text, and gives a name to `TcpStream::connect`.
const CANDIDATES: &[(&str, Candidate)] = &[
    ("bare", |addrs| {
        Box::new(move || {
            Box::pin(async move { TcpStream::connect(&addrs[..]).await?.set_zero_linger() })
        })
    }),
    ("schmoozer-tcp", |addrs| {
        let dialer = Dialer::new("both.example:1").map(|dialer| dialer.resolver(Both(addrs)));
        let dialer = dialer.ok().map(Arc::new);
        Box::new(move || {
            let dialer = dialer.clone();
            Box::pin(async move {
                let dialer = dialer.ok_or(ErrorKind::InvalidInput)?;
                dialer.dial().await?.set_zero_linger()
            })
        })
    }),
    ("stubborn-io", |addrs| {
        // What it connects to must live as long as the program.
        let addrs: &'static [SocketAddr] = Box::leak(Box::new(addrs));
        Box::new(move || {
            Box::pin(async move { StubbornTcpStream::connect(addrs).await?.set_zero_linger() })
        })
    }),
];

struct Both([SocketAddr; 2]);

impl Resolve for Both {
    async fn resolve(&self, _: &str, _: u16, answers: &Answers) -> io::Result<()> {
        self.0.into_iter().for_each(|addr| answers.push(addr));
        Ok(())
    }
}

/// An address that drops what is sent to it: its queue of connections is full, and nobody accepts.
struct BlackHole {
    addr: SocketAddr,
    _listener: TcpListener,
    _fillers: Vec<TcpStream>,
}

impl BlackHole {
    async fn dig() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let listener = socket.listen(0)?;
        let addr = listener.local_addr()?;
        let mut fillers = Vec::new();
        let pause = Duration::from_millis(100);
        while let Ok(filler) = timeout(pause, TcpStream::connect(addr)).await {
            fillers.push(filler?);
        }
        Ok(Self {
            addr,
            _listener: listener,
            _fillers: fillers,
        })
    }
}
