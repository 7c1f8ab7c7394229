//! One connection attempt: a socket with its options set, connected to one address.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

#[cfg(any(target_os = "android", target_os = "linux"))]
use nix::sys::socket::sockopt::IpBindAddressNoPort;
use socket2::SockRef;
use tokio::net::{TcpSocket, TcpStream};

use crate::transient::Phase;
use crate::{Family, Keepalive};

/// Within what time a dead peer is found by default.
const DEAD_AFTER: Duration = Duration::from_secs(60);

/// What is set on a socket before it connects. Where a setting is `None`, its default is set if the system supports it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// Which addresses are connected to at all.
    pub(crate) family: Family,
    pub(crate) nodelay: Option<bool>,
    pub(crate) dead_after: Setting<Duration>,
    pub(crate) keepalive: Setting<Keepalive>,
    pub(crate) user_timeout: Setting<Duration>,
    pub(crate) local_addr: Option<IpAddr>,
    #[cfg(any(target_os = "android", target_os = "linux"))]
    pub(crate) interface: Option<Box<str>>,
    pub(crate) send_buffer: Option<u32>,
    pub(crate) recv_buffer: Option<u32>,
    pub(crate) tos: Option<u8>,
    pub(crate) before_connect: Option<BeforeConnect>,
}

/// A setting that `None` turns off.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) enum Setting<T> {
    #[default]
    ByDefault,
    SetTo(Option<T>),
}

impl<T> Setting<T> {
    fn unwrap_or(self, default: Option<T>) -> Option<T> {
        match self {
            Self::ByDefault => default,
            Self::SetTo(value) => value,
        }
    }
}

/// What the user does to each socket.
#[derive(Clone)]
pub(crate) struct BeforeConnect(pub(crate) Arc<Hook>);

type Hook = dyn Fn(&SockRef<'_>, SocketAddr) -> io::Result<()> + Send + Sync;

impl fmt::Debug for BeforeConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BeforeConnect").finish_non_exhaustive()
    }
}

/// An attempt that failed, and in doing what.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) Phase, pub(crate) io::Error);

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self(Phase::Connect, error)
    }
}

impl Options {
    /// Connects a new socket with these options to `addr`.
    pub(crate) async fn connect(&self, addr: SocketAddr) -> Result<TcpStream, Failed> {
        if !self.family.has(addr) {
            let of_family = self.family.of_protocol();
            let error = format!("not tried, the dialer takes addresses{of_family} alone");
            return Err(io::Error::new(ErrorKind::Unsupported, error).into());
        }
        let addr = over_ipv4_if_mapped(addr);
        let socket = match addr {
            SocketAddr::V4(_) => TcpSocket::new_v4(),
            SocketAddr::V6(_) => TcpSocket::new_v6(),
        }?;
        self.set(&SockRef::from(&socket), addr)?;
        if let Some(local) = self.local_addr {
            if local.is_ipv4() != addr.is_ipv4() {
                let error = "the local address is of the other family";
                return Err(io::Error::new(ErrorKind::Unsupported, error).into());
            }
            // So that the port is chosen in connecting: then connections to several servers can share one. Where it
            // does not exist, binding takes a port for this connection alone.
            #[cfg(any(target_os = "android", target_os = "linux"))]
            let _ = nix::sys::socket::setsockopt(&socket, IpBindAddressNoPort, &true);
            let bound = socket.bind(SocketAddr::new(local, 0));
            bound.map_err(|error| Failed(Phase::Bind, error))?;
        }
        let stream = socket.connect(addr).await.map_err(|error| {
            let phase = Phase::of_connect(self.local_addr, error.kind());
            Failed(phase, error)
        })?;
        // Where nothing listens on a port of the ephemeral range, the kernel may pick that very port
        // as the local one: TCP's simultaneous open then connects the socket to itself. (Not compared with
        // `addr`, which may be unspecified: that means this host.)
        let local = stream.local_addr()?;
        if local.port() == addr.port() && local == stream.peer_addr()? {
            // Reset, since the port in TIME_WAIT would be the one that the server wants to listen on.
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            let error = "refused (the connection met itself)";
            return Err(io::Error::new(ErrorKind::ConnectionRefused, error).into());
        }
        Ok(stream)
    }

    fn set(&self, socket: &SockRef<'_>, addr: SocketAddr) -> Result<(), Failed> {
        let if_asked = |asked: bool, result| if asked { result } else { Ok(()) };
        let nodelay = self.nodelay.unwrap_or(true).then_some(true);
        let result = set("TCP_NODELAY", nodelay, |on| socket.set_tcp_nodelay(on));
        if_asked(self.nodelay.is_some(), result)?;
        let dead_after = self.dead_after.unwrap_or(Some(DEAD_AFTER));
        let by_dead_after = dead_after.map(Keepalive::within);
        let keepalive = self.keepalive.unwrap_or(by_dead_after);
        let result = set("keepalive", keepalive, |keepalive| keepalive.set(socket));
        let asked = self.keepalive != Setting::ByDefault || self.dead_after != Setting::ByDefault;
        if_asked(asked, result)?;
        // One that comes with `dead_after` does not cut short a keepalive that was set by itself.
        let keepalive = self.keepalive.unwrap_or(None);
        let at_least = keepalive.map(|keepalive| keepalive.finds_a_dead_peer_in());
        let by_dead_after = dead_after.map(|after| within(after).max(at_least.unwrap_or_default()));
        let timeout = self.user_timeout.unwrap_or(by_dead_after);
        // Within what the kernel takes (a C `int`), and off zero, which would switch it off.
        #[cfg(any(target_os = "android", target_os = "linux"))]
        let set_user_timeout = |timeout: Duration| {
            let [least, most] = [1, 2_147_483_647].map(Duration::from_millis);
            socket.set_tcp_user_timeout(Some(timeout.clamp(least, most)))
        };
        #[cfg(not(any(target_os = "android", target_os = "linux")))]
        let set_user_timeout = |_| Ok(());
        let result = set("TCP_USER_TIMEOUT", timeout, set_user_timeout);
        if_asked(self.user_timeout != Setting::ByDefault, result)?;
        #[cfg(any(target_os = "android", target_os = "linux"))]
        set("SO_BINDTODEVICE", self.interface.as_ref(), |name| {
            socket.bind_device(Some(name.as_bytes()))
        })?;
        // Before the handshake, because it is there that the window's scale is agreed on.
        set("SO_RCVBUF", self.recv_buffer, |size| {
            socket.set_recv_buffer_size(size as usize)
        })?;
        set("SO_SNDBUF", self.send_buffer, |size| {
            socket.set_send_buffer_size(size as usize)
        })?;
        // In the address's family, where it can be set; a few systems have it in neither.
        set("the traffic class", self.tos, |tos| match (addr, tos) {
            #[cfg(not(any(
                target_os = "fuchsia",
                target_os = "haiku",
                target_os = "illumos",
                target_os = "redox",
                target_os = "solaris",
            )))]
            (addr, tos) if addr.is_ipv4() => socket.set_tos_v4(tos.into()),
            #[cfg(any(
                target_os = "android",
                target_os = "dragonfly",
                target_os = "freebsd",
                target_os = "linux",
                target_os = "macos",
                target_os = "netbsd",
                target_os = "openbsd",
            ))]
            (addr, tos) if addr.is_ipv6() => socket.set_tclass_v6(tos.into()),
            _ => Ok(()),
        })?;
        let hook = self.before_connect.as_ref();
        set("before_connect", hook, |hook| (hook.0)(socket, addr))
    }
}

/// Sets what has a value, and names the option in the error.
fn set<T>(
    option: &'static str,
    value: Option<T>,
    to: impl FnOnce(T) -> io::Result<()>,
) -> Result<(), Failed> {
    let result = value.map_or(Ok(()), to);
    result.map_err(|error| Failed(Phase::Option(option), error))
}

/// An IPv4-mapped address is connected to over IPv4 as it is, so that IPv4's options hold for it.
fn over_ipv4_if_mapped(addr: SocketAddr) -> SocketAddr {
    match addr.ip().to_canonical() {
        IpAddr::V4(v4) => SocketAddr::from((v4, addr.port())),
        IpAddr::V6(_) => addr,
    }
}

/// Returns the user timeout that finds a dead peer within this time. A timer of Linux is late by up to an eighth of what
/// it waits, and the last wait is at most half of the whole. It ends at the keepalive's last probe, if that is sooner.
fn within(limit: Duration) -> Duration {
    let probes = Keepalive::within(limit).finds_a_dead_peer_in();
    (limit / 16 * 15).min(probes)
}
