use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use schmoozer_tcp::{End, Session};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::LIMIT;

/// Counts the connections that a client has at a time.
#[derive(Debug, Clone, Default)]
pub(super) struct Gauge(Arc<(AtomicU32, AtomicU32)>);

/// A connection, while it lives.
#[derive(Debug)]
pub(super) struct Live(Gauge);

impl Gauge {
    pub(super) fn enter(&self) -> Live {
        self.none();
        self.0.0.fetch_add(1, Ordering::AcqRel);
        Live(self.clone())
    }

    /// Notes it when there is a connection, where there must be none.
    pub(super) fn none(&self) {
        let live = self.0.0.load(Ordering::Acquire);
        self.0.1.fetch_add(u32::from(live > 0), Ordering::AcqRel);
    }

    pub(super) fn overlaps(&self) -> u32 {
        self.0.1.load(Ordering::Acquire)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.0.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Sends on with what outlives the connections of a client that has much to send.
pub(super) async fn drain(
    (next, gauge): &mut (AtomicU64, Gauge),
    mut stream: TcpStream,
    session: Session,
) -> io::Result<End> {
    let _live = gauge.enter();
    log_in(&mut stream).await?;
    session.ready();
    talk(stream, session, next).await
}

/// A zero is a login.
pub(super) async fn log_in(stream: &mut TcpStream) -> io::Result<()> {
    exchange(stream, 0).await
}

/// Sends one number after the other, each until it is answered, and stops between two when it should.
pub(super) async fn talk(
    mut stream: TcpStream,
    session: Session,
    answered: &AtomicU64,
) -> io::Result<End> {
    loop {
        let number = answered.load(Ordering::Relaxed) + 1;
        exchange(&mut stream, number).await?;
        answered.store(number, Ordering::Relaxed);
        tokio::select! {
            end = session.stopping() => return Ok(end),
            () = sleep(Duration::from_millis(20)) => {}
        }
    }
}

async fn exchange(stream: &mut TcpStream, number: u64) -> io::Result<()> {
    stream.write_all(&number.to_be_bytes()).await?;
    let answer = timeout(LIMIT, stream.read_u64()).await??;
    if answer == number {
        return Ok(());
    }
    Err(io::Error::other(format!("{answer} answers {number}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_beside_another_is_noted_and_so_is_a_dial_beside_one() {
        let gauge = Gauge::default();
        drop(gauge.enter());
        let first = gauge.enter();
        assert_eq!(gauge.overlaps(), 0);
        let _second = gauge.enter();
        assert_eq!(gauge.overlaps(), 1);
        drop(first);
        gauge.none();
        assert_eq!(gauge.overlaps(), 2);
    }
}
