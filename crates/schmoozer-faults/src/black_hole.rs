use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::port::{Port, stop_listening};

/// A connect to loopback that stays pending for this long has met a full queue.
const PENDING: Duration = Duration::from_millis(100);
/// More than any queue of a listener without a backlog holds.
const MOST_FILLERS: usize = 64;
/// How often a client may be faster than we are.
const TRIES: usize = 50;

/// Whether this system is known to drop SYNs rather than to refuse them.
pub(crate) const CAN_BE_HAD: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// A listener whose queue is full, so that the kernel drops further SYNs.
#[derive(Debug)]
pub(crate) struct BlackHole {
    listener: TcpListener,
    _fillers: Vec<TcpStream>,
}

impl BlackHole {
    /// Opens a listener without a backlog, and fills its queue with connections of our own.
    pub(crate) async fn open(port: &mut Port) -> io::Result<Self> {
        for _ in 0..TRIES {
            let listener = port.listen(0)?;
            match fill(port.addr()).await {
                // A client that redials all the time took the only place: it is connected to a
                // queue. It is reset, and finds the hole when it comes again.
                Ok(fillers) if fillers.is_empty() => stop_listening(&listener),
                Ok(fillers) => {
                    return Ok(Self {
                        listener,
                        _fillers: fillers,
                    });
                }
                Err(error) => {
                    stop_listening(&listener);
                    return Err(error);
                }
            }
        }
        Err(unsupported(
            "a black hole cannot be had while others take its place",
        ))
    }
}

impl Drop for BlackHole {
    fn drop(&mut self) {
        stop_listening(&self.listener);
    }
}

/// Connects until a connect stays pending. The first one follows `listen` without a wait between them.
async fn fill(addr: SocketAddr) -> io::Result<Vec<TcpStream>> {
    let mut fillers = Vec::new();
    while fillers.len() < MOST_FILLERS {
        match timeout(PENDING, TcpStream::connect(addr)).await {
            Ok(filler) => fillers.push(filler?),
            Err(_) => return Ok(fillers),
        }
    }
    Err(unsupported(
        "a black hole cannot be had: this system accepts more than its queue holds",
    ))
}

fn unsupported(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, text)
}
