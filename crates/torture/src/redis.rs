//! redis: a channel that one client publishes to, and others are subscribed to.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Msg, ProtocolVersion, PushInfo, RedisConnectionInfo, RedisError,
};
use schmoozer_tcp::{End, Session, closed};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::client::Client;
use crate::promises::Promises;
use crate::server::{Scratch, Server, dying_with_us, free_addr};

const CHANNEL: &str = "news";

/// A server that runs `program`, and keeps nothing: a channel has no memory.
pub(crate) fn server(program: &Path) -> io::Result<Server> {
    let (addr, scratch) = (free_addr()?, Scratch::new()?);
    let mut command = dying_with_us(program, None);
    command
        .args(["--bind", &addr.ip().to_string()])
        .args(["--port", &addr.port().to_string()])
        .args(["--protected-mode", "no", "--save", "", "--appendonly", "no"])
        .arg("--dir")
        .arg(scratch.path());
    Ok(Server::new(addr, command, scratch))
}

/// Publishes one number after the other.
pub(crate) fn publisher(addr: SocketAddr, promises: Arc<Promises>) -> io::Result<Client> {
    Client::spawn(addr, move |stream, session| {
        let promises = Arc::clone(&promises);
        async move { publish(stream, &session, &promises).await }
    })
}

/// A number is promised when it went to every listener, and the server answered once more after that: so
/// it was up while it wrote to them.
async fn publish(stream: TcpStream, session: &Session, promises: &Promises) -> io::Result<End> {
    let config = AsyncConnectionConfig::new();
    let login = RedisConnectionInfo::default();
    let (mut connection, drive) = MultiplexedConnection::new_with_config(&login, stream, config)
        .await
        .map_err(io::Error::other)?;
    let publish = async {
        let mut went_out = None;
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(CHANNEL);
        for first in [true, false].into_iter().chain(std::iter::repeat(false)) {
            let number = promises.next();
            let heard: usize = publish
                .clone()
                .arg(number)
                .query_async(&mut connection)
                .await?;
            if first {
                session.ready();
            }
            if let Some(number) = went_out.take() {
                promises.promise(number);
            }
            went_out = (heard == promises.listeners()).then_some(number);
            sleep(Duration::from_millis(1)).await;
        }
        Ok::<_, RedisError>(End::Exit)
    };
    tokio::select! {
        failed = publish => failed.map_err(io::Error::other),
        () = drive => Err(closed()),
    }
}

/// Writes down the numbers that come, as the listener of this number.
pub(crate) fn subscriber(
    addr: SocketAddr,
    listener: usize,
    promises: Arc<Promises>,
) -> io::Result<Client> {
    Client::spawn(addr, move |stream, session| {
        let promises = Arc::clone(&promises);
        let hear = move |push: PushInfo| {
            let number = Msg::from_push_info(push).and_then(|it| it.get_payload::<u64>().ok());
            if let Some(number) = number {
                promises.see(listener, number);
            }
            Ok::<_, RedisError>(())
        };
        subscribe(
            stream,
            session,
            AsyncConnectionConfig::new().set_push_sender(hear),
        )
    })
}

async fn subscribe(
    stream: TcpStream,
    session: Session,
    config: AsyncConnectionConfig,
) -> io::Result<End> {
    let login = RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP3);
    let (mut connection, drive) = MultiplexedConnection::new_with_config(&login, stream, config)
        .await
        .map_err(io::Error::other)?;
    let subscribe = async {
        connection.subscribe(CHANNEL).await?;
        session.ready();
        pending::<Result<End, RedisError>>().await
    };
    tokio::select! {
        refused = subscribe => refused.map_err(io::Error::other),
        () = drive => Err(closed()),
    }
}
