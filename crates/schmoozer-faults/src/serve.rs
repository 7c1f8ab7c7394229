use std::future::{pending, ready};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::behaviour::Behaviour;
use crate::connection::Connection;
use crate::handler::Handler;
use crate::link::Link;
use crate::race::{Either, race};

/// What the peer's user wants of all live connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Close,
    Reset,
    Freeze,
}

/// Treats one connection to a behaviour, until that ends it or an order does.
pub(crate) async fn serve(
    link: Arc<Link>,
    behaviour: Behaviour,
    mut orders: watch::Receiver<Order>,
) {
    let mut order = match race(act(&link, behaviour), next(&mut orders)).await {
        Either::First(()) => Order::Close,
        Either::Second(order) => order,
    };
    while order == Order::Freeze {
        link.freeze();
        order = match race(next(&mut orders), link.gone()).await {
            Either::First(order) => order,
            Either::Second(()) => Order::Close,
        };
    }
    if order == Order::Reset {
        link.reset_at_end();
    }
    link.end().await;
}

/// Waits for an order. A peer that is gone closes.
async fn next(orders: &mut watch::Receiver<Order>) -> Order {
    match orders.changed().await {
        Ok(()) => *orders.borrow_and_update(),
        Err(_) => Order::Close,
    }
}

async fn act(link: &Arc<Link>, behaviour: Behaviour) {
    let connection = |limit| Connection::new(Arc::clone(link), limit);
    // An error means that the client has left.
    let _ = match behaviour {
        Behaviour::Echo => Handler::echo().serve(connection(None)).await,
        Behaviour::Serve(handler) => handler.serve(connection(None)).await,
        Behaviour::LoginThenClose(welcome) => take_login(connection(None), &welcome).await,
        Behaviour::Silent => silent(connection(None)).await,
        Behaviour::NeverRead => {
            link.gone().await;
            Ok(())
        }
        Behaviour::Drip(bytes, every) => drip(connection(None), &bytes, every).await,
        Behaviour::CloseAfter(limit, handler) => {
            limited(link, limit, &handler).await;
            Ok(())
        }
        Behaviour::ResetAfter(limit, handler) => {
            if limited(link, limit, &handler).await {
                link.reset_at_end();
            }
            Ok(())
        }
        Behaviour::Reset => {
            link.reset_at_end();
            Ok(())
        }
        // The last three accept no connection.
        Behaviour::Close | Behaviour::Refuse | Behaviour::BlackHole | Behaviour::Flap(_) => Ok(()),
    };
}

/// Reads a line, and answers it.
async fn take_login(mut connection: Connection, welcome: &[u8]) -> io::Result<()> {
    while connection.read_u8().await? != b'\n' {}
    connection.write_all(welcome).await
}

/// Reads until the client closes.
async fn silent(mut from: impl AsyncRead + Unpin) -> io::Result<()> {
    let mut bytes = vec![0; 4096];
    while from.read(&mut bytes).await? > 0 {}
    Ok(())
}

/// Reads until the client closes, and writes these bytes over and over meanwhile.
pub(crate) async fn drip(connection: Connection, bytes: &[u8], every: Duration) -> io::Result<()> {
    let (from, to) = tokio::io::split(connection);
    match race(silent(from), repeat(to, bytes, every)).await {
        Either::First(done) | Either::Second(done) => done,
    }
}

/// Writes these bytes over and over, until writing fails.
async fn repeat(mut to: impl AsyncWrite + Unpin, bytes: &[u8], every: Duration) -> io::Result<()> {
    // An interval of zero is not allowed.
    let mut ticks = interval(every.max(Duration::from_nanos(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for byte in bytes.iter().cycle() {
        ticks.tick().await;
        to.write_all(&[*byte]).await?;
    }
    // There are no bytes.
    pending().await
}

/// Serves until so many bytes were written, and returns whether they were.
async fn limited(link: &Arc<Link>, limit: usize, handler: &Handler) -> bool {
    if limit == 0 {
        return true;
    }
    let connection = Connection::new(Arc::clone(link), Some(limit));
    let ended = race(link.spent.notified(), handler.serve(connection)).await;
    // A handler may write its last byte and return in one go.
    matches!(ended, Either::First(()))
        || matches!(
            race(link.spent.notified(), ready(())).await,
            Either::First(())
        )
}
