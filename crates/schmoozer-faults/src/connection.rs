use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::link::Link;

/// A connection that a peer has accepted, for its [`Handler`](crate::Handler).
///
/// The peer counts what is read and written. When the handler returns, the peer closes the connection; to
/// end it with a reset instead, the handler calls [`reset`](Self::reset).
#[derive(Debug)]
pub struct Connection {
    link: Arc<Link>,
    /// How many bytes may still be written, if there is a limit.
    left: Option<usize>,
}

impl Connection {
    pub(crate) fn new(link: Arc<Link>, limit: Option<usize>) -> Self {
        Self { link, left: limit }
    }

    /// Returns the address of the client.
    #[must_use]
    pub fn client_addr(&self) -> SocketAddr {
        self.link.client()
    }

    /// Makes the peer reset the connection when the handler returns.
    ///
    /// Bytes that are still in the send buffer are lost.
    pub fn reset(self) {
        self.link.reset_at_end();
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.link.poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some(left) = self.left else {
            return self.link.poll_write(cx, buf);
        };
        if left == 0 && !buf.is_empty() {
            // The peer ends this connection, and drops the handler.
            self.link.spent.notify_one();
            return Poll::Pending;
        }
        let written = self.link.poll_write(cx, &buf[..buf.len().min(left)]);
        if let Poll::Ready(Ok(len)) = written {
            self.left = Some(left - len);
            if left == len {
                self.link.spent.notify_one();
            }
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.link.shut())
    }
}
