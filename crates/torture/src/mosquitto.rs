//! mosquitto: two clients of one id, a server that hangs, and one that wants a password.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use schmoozer_tcp::{Dialer, End, Plain, Runner, Session, TcpConnector, Why};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::client::Client;
use crate::promises::Promises;
use crate::scene::{PATIENCE, SILENCE, Scene, until};
use crate::server::{Scratch, Server, dying_with_us, free_addr};
use crate::verdict::Verdict;

const CONFIG: &str = "mosquitto.conf";

pub(crate) async fn play(program: &Path, scene: &Scene) -> io::Result<Vec<Verdict>> {
    let (addr, scratch) = (free_addr()?, Scratch::new()?);
    let mut command = dying_with_us(program, None);
    command.args(["-c", CONFIG]);
    let mut server = Server::new(addr, command, scratch);
    let listen = format!("user root\nlistener {} {}\n", addr.port(), addr.ip());
    let open = format!("{listen}allow_anonymous true\n");
    server.write(CONFIG, &open)?;
    server.listen().await?;
    let mut verdicts = takeover_and_hang(&server, scene).await?;

    server.kill().await?;
    server.write("passwords", "")?;
    server.write(CONFIG, &format!("{listen}password_file passwords\n"))?;
    server.listen().await?;
    let promises = Arc::new(Promises::to(1));
    let refused = subscriber(addr, "refused", &promises)?.ready_when_marked();
    let refused =
        refused.retry_if(|failure| failure.cause.kind() != io::ErrorKind::PermissionDenied);
    let (handle, _running) = Runner::new(refused).spawn();
    let stopped = timeout(PATIENCE, handle.stopped()).await?;
    let stats = handle.stats();
    let once = (stats.attempts, stats.connections) == (1, 1);
    let numbers = format!("{stopped}, after {} attempts", stats.attempts);
    let is_final = stopped.why == Why::Final;
    verdicts.push(Verdict::new("refused", is_final && once, numbers));
    let retried = Client::marked(subscriber(addr, "retried", &promises)?, scene.stable);
    sleep(scene.bad / 2).await;
    server.kill().await?;
    server.write(CONFIG, &open)?;
    server.listen().await?;
    retried.stable(PATIENCE).await?;
    let publisher = publisher(addr, &promises)?;
    sleep(scene.stable).await;
    verdicts.extend(passed_on(publisher, &promises, 0, 1).await);
    let attempts = Scene::attempts_in(scene.bad);
    verdicts.push(retried.end().await.verdict("password", 1, attempts));
    server.kill().await?;
    Ok(verdicts)
}

/// Each login ends the connection of the other; and then the server accepts, as its kernel does that for it, and answers
/// nothing. Both are one session: what was promised to it, one of them sees.
async fn takeover_and_hang(server: &Server, scene: &Scene) -> io::Result<Vec<Verdict>> {
    // None has the place for longer than the longest delay of the other.
    let stable = scene.stable.max(Duration::from_secs(2));
    let promises = Arc::new(Promises::to(1));
    let twin = || {
        let link = subscriber(server.addr(), "twin", &promises)?;
        Ok::<_, io::Error>(Client::marked(link, stable))
    };
    let one = twin()?;
    one.stable(PATIENCE).await?;
    let publisher = publisher(server.addr(), &promises)?;
    let other = twin()?;
    other.lost(PATIENCE).await?;
    sleep(scene.bad).await;
    let one = one.end().await;
    other.stable(PATIENCE).await?;

    server.signal(Signal::SIGSTOP)?;
    sleep(scene.bad).await;
    server.signal(Signal::SIGCONT)?;
    publisher.stable(PATIENCE).await?;
    other.stable(PATIENCE).await?;
    let attempts = Scene::attempts_in(scene.bad);
    let [publisher, passed_on] = passed_on(publisher, &promises, 1, attempts).await;
    let other = other.end().await;
    Ok(vec![
        one.verdict("takeover", 1, attempts),
        other.verdict("and hang", 2, 2 * attempts),
        publisher,
        passed_on,
    ])
}

/// Ends the publisher, and waits until all is seen that was promised to it: what is not is in the verdict.
async fn passed_on(
    publisher: Client,
    promises: &Promises,
    outages: u64,
    attempts: u64,
) -> [Verdict; 2] {
    let publisher = publisher.end().await;
    let _ = until(PATIENCE, String::new, || promises.caught_up()).await;
    let publisher = publisher.verdict("publisher", outages, attempts);
    [publisher, promises.verdict()]
}

type Serving = Pin<Box<dyn Future<Output = io::Result<End>> + Send>>;
type Serve = Box<dyn FnMut(TcpStream, Session) -> Serving + Send>;

fn subscriber(
    addr: SocketAddr,
    id: &'static str,
    promises: &Arc<Promises>,
) -> io::Result<TcpConnector<Plain, Serve, io::Error>> {
    let promises = Arc::clone(promises);
    let serve: Serve =
        Box::new(move |stream, session| Box::pin(hear(stream, session, id, Arc::clone(&promises))));
    Ok(TcpConnector::new(Dialer::new(addr)?, serve))
}

/// Subscribes with `QoS` 1, confirms what comes, and pings when nothing does.
async fn hear(
    stream: TcpStream,
    session: Session,
    id: &str,
    promises: Arc<Promises>,
) -> io::Result<End> {
    let mut stream = log_in(stream, id).await?;
    stream.write_all(b"\x82\x06\x00\x01\x00\x01t\x01").await?;
    loop {
        let quiet = timeout(SILENCE / 2, stream.fill_buf()).await;
        if quiet.is_err() {
            stream.write_all(&[0xC0, 0]).await?;
        }
        match packet(&mut stream).await? {
            (0x90, _) => session.ready(),
            // A message, for the first time or once more: its topic, its id, and a number.
            (0x32 | 0x3A, body) if body.len() == 13 => {
                let number = body[5..]
                    .iter()
                    .fold(0, |it, byte| it << 8 | u64::from(*byte));
                promises.see_again(0, number);
                stream.write_all(&[0x40, 2, body[3], body[4]]).await?;
            }
            (0xD0, _) => {}
            other => return Err(io::Error::other(format!("not expected: {other:?}"))),
        }
    }
}

/// To be started when the session of the subscriber is there. Publishes one number after the other with `QoS` 1: the broker
/// keeps one that it has confirmed for the session until that confirms it.
fn publisher(addr: SocketAddr, promises: &Arc<Promises>) -> io::Result<Client> {
    let promises = Arc::clone(promises);
    Client::spawn(addr, move |stream, session| {
        let promises = Arc::clone(&promises);
        async move {
            let mut stream = log_in(stream, "publisher").await?;
            session.ready();
            loop {
                let number = promises.next();
                let publish = [b"\x32\x0D\x00\x01t\x00\x01", &number.to_be_bytes()[..]];
                stream.write_all(&publish.concat()).await?;
                while packet(&mut stream).await?.0 != 0x40 {}
                promises.promise(number);
                sleep(SILENCE / 50).await;
            }
        }
    })
}

/// Logs in with MQTT 3.1.1, to a session that outlives the connection.
async fn log_in(stream: TcpStream, id: &str) -> io::Result<BufReader<TcpStream>> {
    let mut stream = BufReader::new(stream);
    let length = u8::try_from(id.len()).map_err(io::Error::other)?;
    // Level 4, no clean session, no keepalive.
    let head = b"\x00\x04MQTT\x04\x00\x00\x00\x00";
    let connect = [&[0x10, 12 + length], &head[..], &[length], id.as_bytes()];
    stream.write_all(&connect.concat()).await?;
    match packet(&mut stream).await? {
        (0x20, answer) if answer[1..] == [0] => Ok(stream),
        (0x20, answer) => {
            let refused = format!("the login was refused with {answer:?}");
            Err(io::Error::new(io::ErrorKind::PermissionDenied, refused))
        }
        other => Err(io::Error::other(format!("no CONNACK: {other:?}"))),
    }
}

/// The first byte of a packet, and what follows its length: all of them are short.
async fn packet(stream: &mut BufReader<TcpStream>) -> io::Result<(u8, Vec<u8>)> {
    let read = async {
        let first = stream.read_u8().await?;
        let mut body = vec![0; stream.read_u8().await?.into()];
        stream.read_exact(&mut body).await?;
        Ok((first, body))
    };
    timeout(SILENCE, read).await?
}
