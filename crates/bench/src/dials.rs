use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use schmoozer_tcp::Dialer;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// Every way to dial that is measured.
pub const DIALS: &[Dial] = &[
    Dial {
        name: "bare",
        dialer: |addr| Box::new(move |runtime| runtime.block_on(bare(addr))),
    },
    Dial {
        name: "bare, the same options",
        dialer: |addr| {
            Box::new(move |runtime| {
                let limit = Duration::from_secs(10);
                runtime.block_on(async { timeout(limit, bare_with_options(addr)).await? })
            })
        },
    },
    Dial {
        name: "schmoozer-tcp",
        dialer: |addr| ours(Dialer::new(addr).ok()),
    },
    Dial {
        name: "schmoozer-tcp, no options",
        dialer: |addr| ours(Dialer::new(addr).ok().map(without_options)),
    },
];

/// Dials on a runtime, once each time it is called. The future lies on the stack: to allocate it would cost more
/// than some of what is measured.
pub type Dialing = Box<dyn Fn(&Runtime) -> io::Result<()>>;

/// A way to dial a literal address, and to drop the connection with a reset, so that no port stays taken.
#[derive(Debug, Clone, Copy)]
pub struct Dial {
    /// The crate, or that it is tokio alone.
    pub name: &'static str,
    /// Makes what dials this address.
    pub dialer: fn(SocketAddr) -> Dialing,
}

async fn bare(addr: SocketAddr) -> io::Result<()> {
    TcpStream::connect(addr).await?.set_zero_linger()
}

/// Sets what [`Dialer`] sets by default, and looks for the one thing that it looks for.
async fn bare_with_options(addr: SocketAddr) -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    let options = SockRef::from(&socket);
    options.set_tcp_nodelay(true)?;
    options.set_tcp_keepalive(
        &TcpKeepalive::new()
            .with_time(Duration::from_secs(15))
            .with_interval(Duration::from_secs(5))
            .with_retries(3),
    )?;
    #[cfg(any(target_os = "android", target_os = "linux"))]
    options.set_tcp_user_timeout(Some(Duration::from_secs(30)))?;
    let stream = socket.connect(addr).await?;
    if stream.local_addr()? == addr {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    stream.set_zero_linger()
}

fn without_options(dialer: Dialer) -> Dialer {
    dialer
        .timeout(None)
        .nodelay(false)
        .keepalive(None)
        .user_timeout(None)
}

fn ours(dialer: Option<Dialer>) -> Dialing {
    Box::new(move |runtime| {
        let dialer = dialer.as_ref().ok_or(io::ErrorKind::InvalidInput)?;
        runtime.block_on(async { dialer.dial().await?.set_zero_linger() })
    })
}
