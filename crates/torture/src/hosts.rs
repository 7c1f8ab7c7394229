//! The servers of the soak, in a process of their own: each end of it.

use std::io;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use schmoozer_faults::{Behaviour, Handler, Peer};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::chaos::misbehave;

/// How many servers there are.
pub(crate) const HOSTS: u8 = 8;

/// The servers, in a process of their own that runs [`serve`].
#[derive(Debug)]
pub(crate) struct Hosts {
    child: Child,
    told: ChildStdin,
    addrs: Vec<SocketAddr>,
}

impl Hosts {
    pub(crate) async fn start(command: std::process::Command) -> io::Result<Self> {
        let mut child = Command::from(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let gone = || io::Error::other("the servers have not started");
        let told = child.stdin.take().ok_or_else(gone)?;
        let mut lines = BufReader::new(child.stdout.take().ok_or_else(gone)?).lines();
        let mut addrs = Vec::new();
        for _ in 0..HOSTS {
            let line = lines.next_line().await?.ok_or_else(gone)?;
            addrs.push(line.parse().map_err(io::Error::other)?);
        }
        Ok(Self { child, told, addrs })
    }

    /// Where the server of this client listens.
    pub(crate) fn addr(&self, client: usize) -> SocketAddr {
        self.addrs[client % self.addrs.len()]
    }

    /// Has them fail, turn by turn, as a seed has it.
    pub(crate) async fn storm(&mut self, turn: Duration, seed: u64) -> io::Result<()> {
        let line = format!("{} {seed}\n", turn.as_millis());
        self.told.write_all(line.as_bytes()).await
    }

    /// Has them answer.
    pub(crate) async fn calm(&mut self) -> io::Result<()> {
        self.told.write_all(b"calm\n").await
    }

    pub(crate) async fn stop(mut self) -> io::Result<()> {
        drop(self.told);
        self.child.wait().await.map(drop)
    }
}

/// Runs the servers, until standard input ends.
///
/// Prints their addresses, a line each. They answer: each client receives a byte at once, and one each `heartbeat`. A
/// line with the milliseconds of a turn and a seed has them fail, turn by turn; another one has them answer again.
///
/// # Errors
///
/// When an address cannot be had, a server cannot do what it should, or a line is neither.
pub async fn serve(heartbeat: Duration) -> io::Result<()> {
    let well = Handler::drip(".", heartbeat);
    let mut hosts = Vec::new();
    for number in 0..HOSTS {
        // Not 127.0.0.1: from there the clients come. Several, so that each has all ports for itself.
        let at = ([127, 0, 0, number + 2], 0);
        let peer = Peer::start_at(at, Behaviour::Serve(well.clone())).await?;
        println!("{}", peer.addr());
        hosts.push(Arc::new(peer));
    }
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut storm: Option<(Duration, Rng)> = None;
    let mut turns = 0_u64;
    loop {
        let turn = storm.as_ref().map(|(turn, _)| *turn);
        tokio::select! {
            line = lines.next_line() => match line? {
                None => return Ok(()),
                Some(line) => (storm, turns) = (storm_of(&line)?, 0),
            },
            () = sleep(turn.unwrap_or_default()), if turn.is_some() => {}
        }
        let mut changes = JoinSet::new();
        for peer in &hosts {
            let rng = storm.as_mut().map(|(_, rng)| rng.fork());
            changes.spawn(change(Arc::clone(peer), rng, turns, well.clone()));
        }
        while let Some(changed) = changes.join_next().await {
            changed.map_err(io::Error::other)??;
        }
        turns += 1;
    }
}

/// Every tenth turn, and the first, no server is there at all, and the next all are. In others one of two fails.
async fn change(peer: Arc<Peer>, rng: Option<Rng>, turn: u64, well: Handler) -> io::Result<()> {
    let fails = |mut rng: Rng| (turn % 10 > 1 && rng.bool()).then_some(rng);
    match (rng.is_some(), turn % 10, rng.and_then(fails)) {
        (true, 0, _) => peer.stop().await,
        (_, _, Some(mut rng)) => misbehave(&peer, &mut rng, &well).await,
        _ => peer.switch(Behaviour::Serve(well)).await.map(drop),
    }
}

fn storm_of(line: &str) -> io::Result<Option<(Duration, Rng)>> {
    let Some((millis, seed)) = line.split_once(' ') else {
        return Ok(None);
    };
    let turn = Duration::from_millis(millis.parse().map_err(io::Error::other)?);
    let rng = Rng::with_seed(seed.parse().map_err(io::Error::other)?);
    Ok(Some((turn, rng)))
}
