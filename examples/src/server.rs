use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

/// A server on loopback for an example to lose and find again.
#[derive(Debug)]
pub struct Server<H> {
    addr: SocketAddr,
    handler: H,
    serving: JoinHandle<()>,
}

impl<H, F> Server<H>
where
    H: Fn(TcpStream) -> F + Clone + Send + 'static,
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    /// Serves each connection with `handler`, on a free port.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn start(handler: H) -> io::Result<Self> {
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        Ok(Self {
            addr: listener.local_addr()?,
            serving: tokio::spawn(serve(listener, handler.clone())),
            handler,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Drops the listener and all connections, as a crash does, and comes back after `outage`.
    ///
    /// # Errors
    ///
    /// When somebody else took the port meanwhile.
    pub async fn goes_down_for(&mut self, outage: Duration) -> io::Result<()> {
        self.serving.abort();
        // Ends with the abort; a panic of a handler has been printed.
        let _ = (&mut self.serving).await;
        sleep(outage).await;
        let listener = listen(self.addr)?;
        self.serving = tokio::spawn(serve(listener, self.handler.clone()));
        Ok(())
    }
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(128)
}

async fn serve<H, F>(listener: TcpListener, handler: H)
where
    H: Fn(TcpStream) -> F,
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    // Dropped with this task, and the connections with it.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(handler(stream));
        while connections.try_join_next().is_some() {}
    }
}
