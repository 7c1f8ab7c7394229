use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::{Duration, Instant};

use anyhow::Result;
use bench::peers_apart;
use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{Answers, Dialer, Resolve};
use stubborn_io::StubbornTcpStream;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::rounds::{ROUNDS, median};
use crate::table::Bound::AtMost;
use crate::table::Table;

/// How long it takes to connect to a name with two addresses.
pub(crate) fn ask(quick: bool) -> Result<Table> {
    let mut table = Table::new(
        "Connect to a name with two addresses, the second good, in milliseconds",
        &["the first dead", "given up after", "the first refuses"],
    );
    // Where a connect is given up: one hangs for more than two minutes.
    let patience = Duration::from_secs(if quick { 1 } else { 4 });
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let peers = peers_apart([Behaviour::Silent, Behaviour::BlackHole, Behaviour::Refuse])?;
    let [good, hole, refusing] = peers.each_ref().map(Peer::addr);
    for (name, connect) in CANDIDATES {
        let past = |first| runtime.block_on(past(*connect, [first, good], patience));
        let (dead, refused) = (past(hole)?, past(refusing)?);
        let given_up = dead.is_none().then_some(patience.as_secs_f64() * 1e3);
        table.row(name, [dead, given_up, refused]);
    }
    table.target("schmoozer-tcp", "the first dead", AtMost(255.0))?;
    table.target("schmoozer-tcp", "the first refuses", AtMost(5.0))?;
    Ok(table)
}

/// The median, or nothing when the first connect hangs.
async fn past(connect: Connect, addrs: [SocketAddr; 2], patience: Duration) -> Result<Option<f64>> {
    let mut measured = Vec::new();
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        match timeout(patience, connect(addrs)).await {
            Ok(connected) => connected?,
            Err(_) => return Ok(None),
        }
        measured.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    Ok(Some(median(&mut measured)))
}

/// Connects to a name that has these two addresses.
type Connect = fn([SocketAddr; 2]) -> Pin<Box<dyn Future<Output = io::Result<()>>>>;

/// `schmoozer` 0.4.1 is missing: it takes one address as text, and gives a name to `TcpStream::connect`.
const CANDIDATES: &[(&str, Connect)] = &[
    ("bare", |addrs| {
        Box::pin(async move { TcpStream::connect(&addrs[..]).await?.set_zero_linger() })
    }),
    ("schmoozer-tcp", |addrs| {
        Box::pin(async move {
            let dialer = Dialer::new("both.example:1")?.resolver(Both(addrs));
            dialer.dial().await?.set_zero_linger()
        })
    }),
    ("stubborn-io", |addrs| {
        // What it connects to must live as long as the program.
        let addrs: &'static [SocketAddr] = Box::leak(Box::new(addrs));
        Box::pin(async move { StubbornTcpStream::connect(addrs).await?.set_zero_linger() })
    }),
];

struct Both([SocketAddr; 2]);

impl Resolve for Both {
    async fn resolve(&self, _: &str, _: u16, answers: &Answers) -> io::Result<()> {
        self.0.into_iter().for_each(|addr| answers.push(addr));
        Ok(())
    }
}
