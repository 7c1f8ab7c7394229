//! One connection attempt: a socket with its options set, connected to one address.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};

use crate::transient::Phase;
use crate::{Family, Keepalive};

/// What is set on a socket before it connects.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) nodelay: bool,
    pub(crate) keepalive: Option<Keepalive>,
    #[cfg_attr(
        not(any(target_os = "android", target_os = "linux")),
        expect(dead_code, reason = "the system has no such setting")
    )]
    pub(crate) user_timeout: Option<Duration>,
    pub(crate) local_addr: Option<IpAddr>,
    #[cfg(any(target_os = "android", target_os = "linux"))]
    pub(crate) interface: Option<Box<str>>,
    pub(crate) send_buffer: Option<u32>,
    pub(crate) recv_buffer: Option<u32>,
    pub(crate) tos: Option<u8>,
}

/// An attempt that failed, and in doing what.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) phase: Phase,
    pub(crate) error: io::Error,
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self {
            phase: Phase::Connect,
            error,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nodelay: true,
            keepalive: Some(Keepalive::new()),
            user_timeout: Some(Keepalive::new().finds_a_dead_peer_in()),
            local_addr: None,
            #[cfg(any(target_os = "android", target_os = "linux"))]
            interface: None,
            send_buffer: None,
            recv_buffer: None,
            tos: None,
        }
    }
}

impl Options {
    /// Connects a new socket with these options to `addr`.
    pub(crate) async fn connect(
        &self,
        addr: SocketAddr,
        family: Family,
    ) -> Result<TcpStream, Failed> {
        if !family.has(addr) {
            let error = format!("not tried, the dialer takes {family} alone");
            return Err(io::Error::new(ErrorKind::Unsupported, error).into());
        }
        let socket = if addr.is_ipv4() {
            TcpSocket::new_v4()
        } else {
            TcpSocket::new_v6()
        }?;
        self.set(&SockRef::from(&socket), addr)?;
        if let Some(local) = self.local_addr {
            if local.is_ipv4() != addr.is_ipv4() {
                let error = "the local address is of the other family";
                return Err(io::Error::new(ErrorKind::Unsupported, error).into());
            }
            let bound = socket.bind(SocketAddr::new(local, 0));
            bound.map_err(|error| Failed {
                phase: Phase::Bind,
                error,
            })?;
        }
        let stream = socket.connect(addr).await.map_err(|error| {
            // From a loopback address no other host is reached, and Linux does not say so before.
            let loopback = self.local_addr.is_some_and(|local| local.is_loopback());
            let phase = if loopback && error.kind() == ErrorKind::InvalidInput {
                Phase::Bind
            } else {
                Phase::Connect
            };
            Failed { phase, error }
        })?;
        // Where nothing listens on a port of the ephemeral range, the kernel may pick that very port
        // as the local one: TCP's simultaneous open then connects the socket to itself. (Not compared with
        // `addr`, which may be unspecified: that means this host.)
        let local = stream.local_addr()?;
        if local.port() == addr.port() && local == stream.peer_addr()? {
            let error = "refused (the connection met itself)";
            return Err(io::Error::new(ErrorKind::ConnectionRefused, error).into());
        }
        Ok(stream)
    }

    fn set(&self, socket: &SockRef<'_>, addr: SocketAddr) -> io::Result<()> {
        if self.nodelay {
            socket.set_tcp_nodelay(true)?;
        }
        if let Some(keepalive) = self.keepalive {
            socket.set_tcp_keepalive(&keepalive.as_socket_option())?;
        }
        #[cfg(any(target_os = "android", target_os = "linux"))]
        {
            if let Some(timeout) = self.user_timeout {
                socket.set_tcp_user_timeout(Some(whole_milliseconds(timeout)))?;
            }
            if let Some(interface) = &self.interface {
                socket.bind_device(Some(interface.as_bytes()))?;
            }
        }
        // Before the handshake, because it is there that the window's scale is agreed on.
        if let Some(size) = self.recv_buffer {
            socket.set_recv_buffer_size(size as usize)?;
        }
        if let Some(size) = self.send_buffer {
            socket.set_send_buffer_size(size as usize)?;
        }
        if let Some(tos) = self.tos {
            set_tos(socket, addr, tos)?;
        }
        Ok(())
    }
}

/// Keeps a timeout within what the kernel takes (a C `int`), and off zero, which would switch it off.
#[cfg(any(target_os = "android", target_os = "linux"))]
fn whole_milliseconds(timeout: Duration) -> Duration {
    let longest = Duration::from_millis(i32::MAX.unsigned_abs().into());
    timeout.clamp(Duration::from_millis(1), longest)
}

#[cfg_attr(
    not(any(
        target_os = "android",
        target_os = "freebsd",
        target_os = "linux",
        target_os = "macos",
        windows
    )),
    expect(
        clippy::unnecessary_wraps,
        unused_variables,
        reason = "the system has no such setting"
    )
)]
fn set_tos(socket: &SockRef<'_>, addr: SocketAddr, tos: u8) -> io::Result<()> {
    #[cfg(any(
        target_os = "android",
        target_os = "freebsd",
        target_os = "linux",
        target_os = "macos",
        windows
    ))]
    if addr.is_ipv4() {
        return socket.set_tos_v4(tos.into());
    }
    #[cfg(any(
        target_os = "android",
        target_os = "freebsd",
        target_os = "linux",
        target_os = "macos"
    ))]
    if addr.is_ipv6() {
        return socket.set_tclass_v6(tos.into());
    }
    Ok(())
}
