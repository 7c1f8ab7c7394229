//! `PostgreSQL`: a table that one client inserts into, and others are told of and read.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use schmoozer_tcp::{End, closed};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_postgres::{AsyncMessage, Client as Session, Config, Error, NoTls, SimpleQueryMessage};

use crate::client::Client;
use crate::promises::Promises;
use crate::scratch::Scratch;
use crate::server::{Server, dying_with_us, free_addr};
use crate::user::User;

const USER: &str = "postgres";
const TABLE: &str = "CREATE TABLE events (id bigserial PRIMARY KEY, body bigint NOT NULL)\n";

/// A server that runs the programs in `directory`, with one empty table. What it has committed it keeps:
/// `fsync` and `synchronous_commit` are on, as they are by default.
pub(crate) async fn server(directory: &Path) -> io::Result<Server> {
    let (addr, scratch) = (free_addr()?, Scratch::new()?);
    // It refuses to run as root.
    let user = User::less_than_root(USER)?;
    if let Some(User { uid, gid }) = user {
        chown(scratch.path(), Some(uid), Some(gid))?;
    }
    let data = scratch.path().join("data");
    let program = |name: &str| {
        let mut command = dying_with_us(&directory.join(name), user);
        command.current_dir(scratch.path());
        command
    };
    let mut initdb = program("initdb");
    initdb.args(["--auth", "trust", "--username", USER, "--pgdata"]);
    run(initdb.arg(&data), "").await?;
    let mut alone = program("postgres");
    alone.arg("--single").arg("-D").arg(&data).arg(USER);
    run(&mut alone, TABLE).await?;

    let mut command = program("postgres");
    command.arg("-D").arg(&data);
    command.args(["-p", &addr.port().to_string()]);
    let listen = format!("listen_addresses={}", addr.ip());
    command.args(["-c", &listen, "-c", "unix_socket_directories="]);
    Ok(Server::new(addr, command, scratch))
}

/// Has `command` read `input`, and waits for its end.
async fn run(command: &mut tokio::process::Command, input: &str) -> io::Result<()> {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).await?;
    }
    let output = child.wait_with_output().await?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{:?}: {said}", command.as_std())))
}

/// Inserts one number after the other, and notifies in the same transaction.
pub(crate) fn inserter(addr: SocketAddr, promises: Arc<Promises>) -> io::Result<Client> {
    let next = Arc::new(AtomicU64::new(1));
    Client::spawn(addr, move |stream, arrival| {
        let (next, promises) = (Arc::clone(&next), Arc::clone(&promises));
        let insert = async move |session: Session, _| {
            arrival.tell();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let insert = format!("INSERT INTO events (body) VALUES ({number}); NOTIFY events");
                session.batch_execute(&insert).await?;
                // Committed: whatever happens now, it is there.
                promises.promise(number);
                sleep(Duration::from_millis(1)).await;
            }
        };
        session(stream, insert)
    })
}

/// Writes down the numbers of the rows that come, as the listener of this number.
pub(crate) fn listener(
    addr: SocketAddr,
    listener: usize,
    promises: Arc<Promises>,
) -> io::Result<Client> {
    let last = Arc::new(AtomicI64::new(0));
    Client::spawn(addr, move |stream, arrival| {
        let (last, promises) = (Arc::clone(&last), Arc::clone(&promises));
        session(stream, async move |session: Session, news: Arc<Notify>| {
            session.batch_execute("LISTEN events").await?;
            arrival.tell();
            loop {
                let after = last.load(Ordering::Relaxed);
                let query = format!("SELECT id, body FROM events WHERE id > {after} ORDER BY id");
                for message in session.simple_query(&query).await? {
                    if let SimpleQueryMessage::Row(row) = message {
                        let number = |column| row.get(column).unwrap_or_default();
                        last.store(number(0).parse().unwrap_or(i64::MAX), Ordering::Relaxed);
                        promises.see(listener, number(1).parse().unwrap_or(u64::MAX));
                    }
                }
                news.notified().await;
            }
        })
    })
}

/// Drives a session while `work` uses it, which hears of each notification.
async fn session<W, F>(stream: TcpStream, work: W) -> io::Result<End>
where
    W: FnOnce(Session, Arc<Notify>) -> F,
    F: Future<Output = Result<(), Error>>,
{
    let mut config = Config::new();
    config.user(USER).dbname(USER);
    let connecting = config.connect_raw(stream, NoTls);
    let (session, mut connection) = connecting.await.map_err(io::Error::other)?;
    let news = Arc::new(Notify::new());
    let drive = async {
        while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notification(_) = message? {
                news.notify_one();
            }
        }
        Ok(())
    };
    let ended: Result<(), Error> = tokio::select! {
        ended = drive => ended,
        failed = work(session, Arc::clone(&news)) => failed,
    };
    ended.map_err(io::Error::other)?;
    Err(closed())
}
