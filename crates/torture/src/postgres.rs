//! `PostgreSQL`: a table that one client inserts into, and others are told of and read.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use nix::unistd::{User, geteuid};
use schmoozer_tcp::{End, closed};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_postgres::{AsyncMessage, Client as Postgres, Config, Error, NoTls, SimpleQueryMessage};

use crate::client::Client;
use crate::process::succeeds;
use crate::promises::Promises;
use crate::server::{Scratch, Server, dying_with_us, free_addr};

const USER: &str = "postgres";
const TABLE: &str = "CREATE TABLE events (id bigserial PRIMARY KEY, body bigint NOT NULL)\n";

/// A server that runs the programs in `directory`, with one empty table. What it has committed it keeps:
/// `fsync` and `synchronous_commit` are on, as they are by default.
pub(crate) async fn server(directory: &Path) -> io::Result<Server> {
    let (addr, scratch) = (free_addr()?, Scratch::new()?);
    // It refuses to run as root.
    let user = if geteuid().is_root() {
        User::from_name(USER)?.or(User::from_name("nobody")?)
    } else {
        None
    };
    if let Some(User { uid, gid, .. }) = &user {
        chown(scratch.path(), Some(uid.as_raw()), Some(gid.as_raw()))?;
    }
    let data = scratch.path().join("data");
    let program = |name: &str| {
        let mut command = dying_with_us(&directory.join(name), user.as_ref());
        command.current_dir(scratch.path());
        command
    };
    let mut initdb = program("initdb");
    initdb.args(["--auth", "trust", "--username", USER, "--pgdata"]);
    succeeds(initdb.arg(&data), "").await?;
    let mut alone = program("postgres");
    alone.arg("--single").arg("-D").arg(&data).arg(USER);
    succeeds(&mut alone, TABLE).await?;

    let mut command = program("postgres");
    command.arg("-D").arg(&data);
    command.args(["-p", &addr.port().to_string()]);
    let listen = format!("listen_addresses={}", addr.ip());
    command.args(["-c", &listen, "-c", "unix_socket_directories="]);
    Ok(Server::new(addr, command, scratch))
}

/// Inserts one number after the other, and notifies in the same transaction.
pub(crate) fn inserter(addr: SocketAddr, promises: Arc<Promises>) -> io::Result<Client> {
    Client::spawn(addr, move |stream, session| {
        let promises = Arc::clone(&promises);
        let insert = async move |postgres: Postgres, _| {
            session.ready();
            loop {
                let number = promises.next();
                let insert = format!("INSERT INTO events (body) VALUES ({number}); NOTIFY events");
                postgres.batch_execute(&insert).await?;
                // Committed: whatever happens now, it is there.
                promises.promise(number);
                sleep(Duration::from_millis(1)).await;
            }
        };
        drive(stream, insert)
    })
}

/// Writes down the numbers of the rows that come, as the listener of this number.
pub(crate) fn listener(
    addr: SocketAddr,
    listener: usize,
    promises: Arc<Promises>,
) -> io::Result<Client> {
    let last = Arc::new(AtomicI64::new(0));
    Client::spawn(addr, move |stream, session| {
        let (last, promises) = (Arc::clone(&last), Arc::clone(&promises));
        drive(
            stream,
            async move |postgres: Postgres, news: Arc<Notify>| {
                postgres.batch_execute("LISTEN events").await?;
                session.ready();
                loop {
                    let after = last.load(Ordering::Relaxed);
                    let query =
                        format!("SELECT id, body FROM events WHERE id > {after} ORDER BY id");
                    for message in postgres.simple_query(&query).await? {
                        if let SimpleQueryMessage::Row(row) = message {
                            let number = |column| row.get(column).unwrap_or_default();
                            last.store(number(0).parse().unwrap_or(i64::MAX), Ordering::Relaxed);
                            promises.see(listener, number(1).parse().unwrap_or(u64::MAX));
                        }
                    }
                    news.notified().await;
                }
            },
        )
    })
}

/// Drives a session while `work` uses it, which hears of each notification.
async fn drive<W, F>(stream: TcpStream, work: W) -> io::Result<End>
where
    W: FnOnce(Postgres, Arc<Notify>) -> F,
    F: Future<Output = Result<(), Error>>,
{
    let mut config = Config::new();
    config.user(USER).dbname(USER);
    let connecting = config.connect_raw(stream, NoTls);
    let (postgres, mut connection) = connecting.await.map_err(io::Error::other)?;
    let news = Arc::new(Notify::new());
    let driving = async {
        while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notification(_) = message? {
                news.notify_one();
            }
        }
        Ok(())
    };
    let ended: Result<(), Error> = tokio::select! {
        ended = driving => ended,
        failed = work(postgres, Arc::clone(&news)) => failed,
    };
    ended.map_err(io::Error::other)?;
    Err(closed())
}
