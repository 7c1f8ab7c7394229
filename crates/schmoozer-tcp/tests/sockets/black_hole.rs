//! An address whose SYNs are dropped, on loopback and without privileges.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

/// Swallows every SYN that is sent to it, until it is dropped.
///
/// It listens without a backlog and never accepts: once its queue is full the kernel drops what comes.
#[derive(Debug)]
pub(crate) struct BlackHole {
    pub(crate) addr: SocketAddr,
    _listener: TcpListener,
    _fillers: Vec<TcpStream>,
}

impl BlackHole {
    /// Digs a hole at a port of `host`, which is a literal address.
    pub(crate) async fn at(host: &str) -> io::Result<Self> {
        let addr = SocketAddr::new(host.parse().map_err(io::Error::other)?, 0);
        let socket = if addr.is_ipv4() {
            TcpSocket::new_v4()
        } else {
            TcpSocket::new_v6()
        }?;
        socket.bind(addr)?;
        let listener = socket.listen(0)?;
        let addr = listener.local_addr()?;
        let mut fillers = Vec::new();
        while let Ok(connected) =
            timeout(Duration::from_millis(100), TcpStream::connect(addr)).await
        {
            fillers.push(connected?);
        }
        Ok(Self {
            addr,
            _listener: listener,
            _fillers: fillers,
        })
    }
}
