use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use schmoozer_peer::tcpconn::{KillSwitch, SimpleTcpConnector};
use schmoozer_tcp::Dialer;
use stubborn_io::StubbornTcpStream;
use tokio::net::TcpStream;

/// Every way to dial that is measured.
pub const DIALS: &[Dial] = &[
    Dial {
        name: "bare",
        dialer: |addr| Box::new(move || Box::pin(bare(addr))),
    },
    Dial {
        name: "schmoozer-tcp",
        dialer: ours,
    },
    Dial {
        name: "schmoozer 0.4.1",
        dialer: |addr| Box::new(move || Box::pin(peer(addr))),
    },
    Dial {
        name: "stubborn-io",
        dialer: |addr| Box::new(move || Box::pin(stubborn(addr))),
    },
];

/// Dials again and again.
pub type Dialing = Box<dyn Fn() -> Pin<Box<dyn Future<Output = io::Result<()>>>>>;

/// A way to dial a literal address, and to drop the connection with a reset, so that no port stays taken.
#[derive(Clone, Copy)]
pub struct Dial {
    /// The crate, or that it is tokio alone.
    pub name: &'static str,
    dialer: fn(SocketAddr) -> Dialing,
}

impl Dial {
    /// Makes what dials `addr` once each time it is called.
    #[must_use]
    pub fn dialer(&self, addr: SocketAddr) -> Dialing {
        (self.dialer)(addr)
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

async fn bare(addr: SocketAddr) -> io::Result<()> {
    TcpStream::connect(addr).await?.set_zero_linger()
}

fn ours(addr: SocketAddr) -> Dialing {
    let dialer = Dialer::new(addr).ok();
    Box::new(move || {
        let dialer = dialer.clone();
        Box::pin(async move {
            let dialer = dialer.ok_or(io::ErrorKind::InvalidInput)?;
            dialer.dial().await?.set_zero_linger()
        })
    })
}

async fn peer(addr: SocketAddr) -> io::Result<()> {
    let serve = |stream: TcpStream, _| async move {
        schmoozer_peer::RunResult::Exit(stream.set_zero_linger())
    };
    let connector = SimpleTcpConnector::new(addr, KillSwitch::default(), Box::new(serve));
    schmoozer_peer::run(connector).await
}

async fn stubborn(addr: SocketAddr) -> io::Result<()> {
    StubbornTcpStream::connect(addr).await?.set_zero_linger()
}
