//! An echo server of our own, taken down and up again while lines go through it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use schmoozer_core::Handle;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::fail;

/// An echo server that can be told to close what it accepts, or to go away.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    mode: watch::Sender<Mode>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Echo,
    Close,
    Down,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener =
            listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap_or_else(|error| fail(1, &error));
        let addr = listener
            .local_addr()
            .unwrap_or_else(|error| fail(1, &error));
        let (mode, told) = watch::channel(Mode::Echo);
        tokio::spawn(serve(Some(listener), addr, told));
        Self { addr, mode }
    }

    async fn becomes(&self, mode: Mode, what: &str) {
        eprintln!("--- the server {what}");
        self.mode.send_replace(mode);
        sleep(Duration::from_millis(1500)).await;
    }
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(16)
}

async fn serve(
    mut listener: Option<TcpListener>,
    addr: SocketAddr,
    mut told: watch::Receiver<Mode>,
) {
    let mut echoes = JoinSet::new();
    loop {
        let mode = *told.borrow_and_update();
        if mode != Mode::Echo {
            echoes.shutdown().await;
        }
        match mode {
            Mode::Down => listener = None,
            Mode::Echo | Mode::Close if listener.is_none() => listener = listen(addr).ok(),
            _ => {}
        }
        tokio::select! {
            changed = told.changed() => if changed.is_err() { return },
            Ok((mut stream, _)) = accept(listener.as_ref()), if listener.is_some() => {
                if mode == Mode::Echo {
                    echoes.spawn(async move {
                        let (mut from, mut to) = stream.split();
                        tokio::io::copy(&mut from, &mut to).await
                    });
                }
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

/// Sends lines and reads their echoes, while the server goes through its moods.
pub(crate) async fn demonstration<W, R>(
    server: Server,
    handle: Handle,
    mut typed: W,
    mut printed: R,
) where
    W: AsyncWrite + Unpin,
    R: AsyncRead + Unpin,
{
    let (mut sent, mut echoed) = (0, 0);
    for round in 0..3 {
        let line = format!("round {round}: is anybody there?\n");
        let mut echo = vec![0; line.len()];
        let exchange = async {
            typed.write_all(line.as_bytes()).await?;
            printed.read_exact(&mut echo).await
        };
        if let Err(error) = exchange.await {
            fail(1, &error);
        }
        sent += line.len();
        echoed += if echo == line.as_bytes() {
            echo.len()
        } else {
            0
        };
        eprint!("echoed: {}", String::from_utf8_lossy(&echo));
        match round {
            0 => server.becomes(Mode::Down, "goes away").await,
            1 => {
                server
                    .becomes(Mode::Close, "accepts and closes at once")
                    .await;
            }
            _ => continue,
        }
        server.becomes(Mode::Echo, "is well again").await;
    }
    drop(typed);
    let _ = printed.read_to_end(&mut Vec::new()).await;
    let stats = handle.stats();
    println!("outages:  {}", stats.outages);
    println!("attempts: {}", stats.attempts);
    println!("bytes:    {sent} sent = {echoed} echoed");
    if sent != echoed {
        fail(1, &"not all that was sent came back");
    }
}
