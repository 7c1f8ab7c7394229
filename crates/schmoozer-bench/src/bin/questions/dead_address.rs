use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use schmoozer_bench::Acceptor;
use schmoozer_tcp::{Answers, Dialer, Resolve};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::rounds::{ROUNDS, median};
use crate::table::Table;

/// Where a bare connect is given up: it hangs for more than two minutes.
const PATIENCE: Duration = Duration::from_secs(4);

/// How long it takes to connect to a name whose first address drops what is sent to it.
pub(crate) fn ask(_quick: bool) -> Result<Table> {
    let mut table = Table::new(
        "Connect where the first address is dead and the second is good, in milliseconds",
        &["ms", "given up after"],
    );
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let acceptor = Acceptor::start()?;
    runtime.block_on(async {
        let hole = BlackHole::dig().await?;
        let addrs = [hole.addr, acceptor.addr()];

        let bare = timeout(PATIENCE, TcpStream::connect(&addrs[..])).await;
        let given_up = bare.is_err().then_some(PATIENCE.as_secs_f64() * 1e3);
        table.row("bare", [None, given_up]);

        let dialer = Dialer::new("both.example:1")?.resolver(Both(addrs));
        let mut measured = Vec::new();
        for _ in 0..ROUNDS {
            let begin = Instant::now();
            dialer.dial().await?.set_zero_linger()?;
            measured.push(begin.elapsed().as_secs_f64() * 1e3);
        }
        table.row("schmoozer-tcp", [Some(median(&mut measured)), None]);
        anyhow::Ok(())
    })?;
    Ok(table)
}

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
