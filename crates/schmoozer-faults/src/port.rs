use std::io;
use std::net::{Shutdown, SocketAddr};

use socket2::{Domain, SockRef, Socket, Type};
use tokio::net::TcpListener;

/// Whether a port may have a socket that listens beside one that is only bound.
const SHARES_PORTS: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// A local port that stays ours while nothing listens on it.
///
/// A socket that is bound and does not listen refuses connections, and the kernel gives its port to no other
/// program: neither to one that binds port 0 nor to a client that connects.
#[derive(Debug)]
pub(crate) struct Port {
    addr: SocketAddr,
    keeper: Option<Socket>,
}

impl Port {
    /// Takes the port of `addr`, or a free one if that is 0.
    pub(crate) fn take(addr: SocketAddr) -> io::Result<Self> {
        let keeper = bound(addr)?;
        let addr = keeper.local_addr()?.as_socket();
        Ok(Self {
            addr: addr.ok_or(io::ErrorKind::AddrNotAvailable)?,
            keeper: Some(keeper),
        })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn listen(&mut self, backlog: i32) -> io::Result<TcpListener> {
        if !SHARES_PORTS {
            self.keeper = None;
        }
        let socket = bound(self.addr)?;
        socket.listen(backlog)?;
        socket.set_nonblocking(true)?;
        TcpListener::from_std(socket.into())
    }

    /// Keeps the port after a listener was closed.
    pub(crate) fn keep(&mut self) -> io::Result<()> {
        if self.keeper.is_none() {
            self.keeper = Some(bound(self.addr)?);
        }
        Ok(())
    }
}

fn bound(addr: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)?;
    // Elsewhere than on Unix this would let others take the port over.
    if cfg!(unix) {
        socket.set_reuse_address(true)?;
    }
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.bind(&addr.into())?;
    Ok(socket)
}

/// Makes a socket stop listening at once, even if a process that was just forked holds a copy of it.
pub(crate) fn stop_listening(listener: &TcpListener) {
    // Systems that cannot do this stop when the listener is dropped.
    let _ = SockRef::from(listener).shutdown(Shutdown::Both);
}
