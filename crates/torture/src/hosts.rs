use std::io;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

use crate::service::HOSTS;

/// The servers, in a process of their own that runs [`serve`](crate::serve).
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
        while addrs.len() < HOSTS {
            let line = lines.next_line().await?.ok_or_else(gone)?;
            addrs.push(line.parse().map_err(io::Error::other)?);
        }
        Ok(Self { child, told, addrs })
    }

    /// Where they listen.
    pub(crate) fn addrs(&self) -> &[SocketAddr] {
        &self.addrs
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

    pub(crate) async fn stop(self) -> io::Result<()> {
        let Self {
            mut child, told, ..
        } = self;
        drop(told);
        child.wait().await.map(drop)
    }
}
