use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::ledger::SharedLedger;

/// How long a connection that was closed still takes what its client sends.
const LINGER: Duration = Duration::from_secs(1);
/// How often a connection that is not read is looked at.
const GLANCE: Duration = Duration::from_millis(10);

/// A connection as its peer sees it. All that happens to it is counted before the client can see it.
#[derive(Debug)]
pub(crate) struct Link {
    number: usize,
    stream: TcpStream,
    client: SocketAddr,
    ledger: SharedLedger,
    resets: AtomicBool,
    /// Told when the connection has written all that it may write.
    pub(crate) spent: Notify,
}

impl Link {
    /// Counts a connection that was accepted.
    pub(crate) fn accepted(stream: TcpStream, client: SocketAddr, ledger: SharedLedger) -> Self {
        // Where this fails, bytes come in larger pieces.
        let _ = stream.set_nodelay(true);
        let mut number = 0;
        ledger.send_modify(|ledger| number = ledger.accept());
        Self {
            number,
            stream,
            client,
            ledger,
            resets: AtomicBool::new(false),
            spent: Notify::new(),
        }
    }

    pub(crate) fn client(&self) -> SocketAddr {
        self.client
    }

    pub(crate) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.stream.poll_read_ready(cx))?;
            let mut read = Ok(0);
            self.ledger.send_if_modified(|ledger| {
                read = self.stream.try_read(buf.initialize_unfilled());
                count(&mut ledger.bytes_in, &read)
            });
            match read {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(len) => {
                    buf.advance(len);
                    return Poll::Ready(Ok(()));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    pub(crate) fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            let mut written = Ok(0);
            self.ledger.send_if_modified(|ledger| {
                written = self.stream.try_write(buf);
                count(&mut ledger.bytes_out, &written)
            });
            match written {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }

    /// Tells the client that nothing more comes.
    pub(crate) fn shut(&self) -> io::Result<()> {
        SockRef::from(&self.stream).shutdown(Shutdown::Write)
    }

    /// Makes the end of this connection a reset.
    pub(crate) fn reset_at_end(&self) {
        self.resets.store(true, Ordering::Relaxed);
    }

    pub(crate) fn freeze(&self) {
        self.ledger.send_modify(|ledger| ledger.freeze(self.number));
    }

    /// Waits until the client has closed the connection, without reading.
    pub(crate) async fn gone(&self) {
        while let Ok(ready) = self.stream.ready(Interest::READABLE).await {
            if ready.is_read_closed() {
                return;
            }
            // What lies there unread keeps the socket ready.
            sleep(GLANCE).await;
        }
    }

    /// Ends the connection: resets it if that was asked for, and closes it otherwise.
    pub(crate) async fn end(&self) {
        if self.resets.load(Ordering::Relaxed) {
            // Takes effect when the last owner drops the socket, which is at once but for a connection
            // that a handler gave to another task.
            let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
            return;
        }
        self.ledger.send_modify(|ledger| {
            // Fails if the client has left.
            let _ = self.shut();
            ledger.end(self.number);
        });
        // Closing a socket with unread bytes resets it, and the client might miss the end.
        let _ = timeout(LINGER, self.discard()).await;
    }

    async fn discard(&self) -> io::Result<()> {
        let mut bytes = vec![0; 4096];
        loop {
            self.stream.readable().await?;
            match self.stream.try_read(&mut bytes) {
                Ok(0) => return Ok(()),
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.ledger.send_modify(|ledger| {
            if thread::panicking() {
                ledger.fail("a handler panicked".to_owned());
            }
            ledger.end(self.number);
        });
    }
}

fn count(total: &mut u64, transferred: &io::Result<usize>) -> bool {
    let len = *transferred.as_ref().unwrap_or(&0);
    *total += len as u64;
    len > 0
}
