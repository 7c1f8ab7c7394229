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
use schmoozer_tcp::{End, closed};
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

/// Publishes one number after the other. It is promised when it went to every listener, and the server answered once more
/// after that: so it was up while it wrote to them.
pub(crate) fn publisher(addr: SocketAddr, promises: Arc<Promises>) -> io::Result<Client> {
    Client::spawn(addr, move |stream, session| {
        let promises = Arc::clone(&promises);
        let publish = async move |mut connection: MultiplexedConnection| {
            let mut went_out = None;
            loop {
                let number = promises.next();
                let mut publish = redis::cmd("PUBLISH");
                let publish = publish.arg(CHANNEL).arg(number);
                let heard: usize = publish.query_async(&mut connection).await?;
                session.ready();
                if let Some(number) = went_out.take() {
                    promises.promise(number);
                }
                went_out = (heard == promises.listeners()).then_some(number);
                sleep(Duration::from_millis(1)).await;
            }
        };
        drive(stream, AsyncConnectionConfig::new(), publish)
    })
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
        let subscribe = async move |mut connection: MultiplexedConnection| {
            connection.subscribe(CHANNEL).await?;
            session.ready();
            pending().await
        };
        let config = AsyncConnectionConfig::new().set_push_sender(hear);
        drive(stream, config, subscribe)
    })
}

/// Drives a connection while `work` uses it.
async fn drive<W, F>(stream: TcpStream, config: AsyncConnectionConfig, work: W) -> io::Result<End>
where
    W: FnOnce(MultiplexedConnection) -> F,
    F: Future<Output = Result<(), RedisError>>,
{
    // Messages come between the answers of one connection in the third version of the protocol only.
    let login = RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP3);
    let connecting = MultiplexedConnection::new_with_config(&login, stream, config);
    let (connection, driving) = connecting.await.map_err(io::Error::other)?;
    tokio::select! {
        failed = work(connection) => failed.map_err(io::Error::other)?,
        () = driving => {}
    }
    Err(closed())
}
