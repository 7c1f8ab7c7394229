//! The server that the fleet loses: it takes so many connects a second, and can be killed and blackholed.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How many connections may wait to be accepted; the system may allow fewer.
const BACKLOG: u16 = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Takes connections, and answers what comes over them.
    Up,
    /// Takes no packet that would open a connection, and answers nothing on those that are open.
    Blackholed,
    /// Has dropped the listener and every connection, as a crash does.
    Killed,
}

/// Greets each connection with a byte, and sends back what it is sent.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    mode: watch::Sender<Mode>,
}

impl Server {
    /// Serves on a free port, and takes `capacity` connects in each second; the others are reset.
    pub(crate) fn start(capacity: u32) -> io::Result<Self> {
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let addr = listener.local_addr()?;
        let (mode, told) = watch::channel(Mode::Up);
        tokio::spawn(serve(listener, addr, capacity, told));
        Ok(Self { addr, mode })
    }

    pub(crate) fn mode(&self) -> Mode {
        *self.mode.borrow()
    }

    pub(crate) fn becomes(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG.into())
}

async fn serve(
    listener: TcpListener,
    addr: SocketAddr,
    capacity: u32,
    mut told: watch::Receiver<Mode>,
) {
    let mut listener = Some(listener);
    let mut sessions = JoinSet::new();
    let mut gate = Gate::new(capacity);
    loop {
        let mode = *told.borrow_and_update();
        if mode == Mode::Killed {
            listener = None;
            sessions.shutdown().await;
        } else if listener.is_none() {
            listener = listen(addr).ok();
        }
        if let Some(listener) = &listener {
            // With no room in the backlog the system drops what would open a connection: its peer
            // hears nothing at all.
            let backlog = if mode == Mode::Up { BACKLOG } else { 0 };
            let _ = SockRef::from(listener).listen(backlog.into());
        }
        loop {
            tokio::select! {
                changed = told.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
                accepted = accept(listener.as_ref()), if mode == Mode::Up => {
                    let Ok((stream, _)) = accepted else { continue };
                    // Closed with a reset, so that no port is kept waiting for a peer that is done.
                    let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
                    if gate.admits(Instant::now()) {
                        sessions.spawn(session(stream, told.clone()));
                    }
                }
                Some(_) = sessions.join_next() => {}
            }
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

async fn session(mut stream: TcpStream, mut told: watch::Receiver<Mode>) -> io::Result<()> {
    stream.write_all(b"!").await?;
    let mut chunk = [0; 64];
    loop {
        let count = stream.read(&mut chunk).await?;
        if count == 0 || told.wait_for(|mode| *mode == Mode::Up).await.is_err() {
            return Ok(());
        }
        stream.write_all(&chunk[..count]).await?;
    }
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

    fn admits(&mut self, now: Instant) -> bool {
        if now >= self.until {
            self.until = now + Duration::from_secs(1);
            self.left = self.capacity;
        }
        let admitted = self.left > 0;
        self.left = self.left.saturating_sub(1);
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_lets_so_many_through_in_each_second() {
        let mut gate = Gate::new(2);
        let now = Instant::now();
        let at = |millis| now + Duration::from_millis(millis);
        let admitted = [0, 10, 20, 999, 1_000, 1_001, 1_002, 5_000].map(|n| gate.admits(at(n)));
        assert_eq!(
            admitted,
            [true, true, false, false, true, true, false, true]
        );
    }
}
