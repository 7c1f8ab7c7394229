use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use schmoozer_tcp::{End, Session};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::LIMIT;

/// Goes on with what outlives the connections of a client.
pub(super) async fn log_in_and_talk(
    (login, answered, gauge): &mut (u64, AtomicU64, Arc<Semaphore>),
    mut stream: TcpStream,
    session: Session,
) -> io::Result<End> {
    let permit = Arc::clone(gauge).try_acquire_owned();
    let _permit = permit.map_err(io::Error::other)?;
    exchange(&mut stream, *login).await?;
    session.ready();
    talk(stream, session, answered).await
}

/// Sends one number after the other, each until it is answered, and stops between two when it should.
pub(crate) async fn talk(
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

/// Sends a number, and waits for it to come back: that of the client, which logs in so, or of a request.
pub(crate) async fn exchange(stream: &mut TcpStream, number: u64) -> io::Result<()> {
    stream.write_all(&number.to_be_bytes()).await?;
    let answer = timeout(LIMIT, stream.read_u64()).await??;
    if answer == number {
        return Ok(());
    }
    Err(io::Error::other(format!("{answer} answers {number}")))
}
