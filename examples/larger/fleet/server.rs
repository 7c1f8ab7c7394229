//! The server that the fleet loses: a peer that takes so many connects in each second, and resets the others.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use schmoozer_faults::{Behaviour, Connection, Peer};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Takes connections, and answers what comes over them.
    Up,
    /// Takes no packet that would open a connection, and answers nothing on those that are open.
    Blackholed,
    /// Refuses connections and has closed the others, as a crash does.
    Killed,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Up => "up",
            Self::Blackholed => "blackholed",
            Self::Killed => "killed",
        })
    }
}

pub(crate) struct Server {
    peer: Peer,
    service: Behaviour,
}

impl Server {
    pub(crate) async fn start(capacity: u32) -> io::Result<Self> {
        let gate = Arc::new(Mutex::new(Gate::new(capacity)));
        let service = Behaviour::serve(move |connection: Connection| {
            let mut gate = gate.lock().unwrap_or_else(PoisonError::into_inner);
            let is_admitted = gate.admits();
            async move {
                if is_admitted {
                    return answer(connection).await;
                }
                connection.reset();
                Ok(())
            }
        });
        let peer = Peer::start(service.clone()).await?;
        Ok(Self {
            peer: peer.patience(Duration::from_secs(60)),
            service,
        })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.peer.addr()
    }

    pub(crate) async fn switch(&self, mode: Mode) -> io::Result<()> {
        match mode {
            Mode::Up => self.peer.restart(self.service.clone()).await.map(drop),
            Mode::Killed => self.peer.stop().await,
            Mode::Blackholed => {
                if self.peer.switch(Behaviour::BlackHole).await.is_err() {
                    // Not every system can drop the packets: then connects succeed, and nothing follows.
                    self.peer.switch(Behaviour::Silent).await?;
                }
                self.peer.freeze_live().await
            }
        }
    }
}

/// Greets with a byte, and sends back what it is sent.
async fn answer(mut connection: Connection) -> io::Result<()> {
    connection.write_all(b"!").await?;
    let (mut from, mut to) = tokio::io::split(connection);
    tokio::io::copy(&mut from, &mut to).await.map(drop)
}

/// Lets through the first `capacity` of each second.
struct Gate {
    capacity: u32,
    left: u32,
    until: Instant,
}

impl Gate {
    fn new(capacity: u32) -> Self {
        Self {
            capacity,
            left: 0,
            until: Instant::now(),
        }
    }

    fn admits(&mut self) -> bool {
        let now = Instant::now();
        if now >= self.until {
            self.until = now + Duration::from_secs(1);
            self.left = self.capacity;
        }
        let is_admitted = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_admitted
    }
}
