use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread;

/// Accepts connections on a loopback port, and closes each at once, for as long as the process lives.
#[derive(Debug)]
pub struct Acceptor {
    addr: SocketAddr,
}

impl Acceptor {
    /// Starts to accept, on a thread of its own.
    ///
    /// # Errors
    ///
    /// When there is no port, or no thread, to be had.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let addr = listener.local_addr()?;
        thread::Builder::new().spawn(move || listener.incoming().for_each(drop))?;
        Ok(Self { addr })
    }

    /// Where to connect to.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }
}
