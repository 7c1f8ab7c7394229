//! mosquitto: two clients of one id, a server that hangs, and one that wants a password.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use schmoozer_tcp::{Dialer, End, Session, TcpConnector, closed};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::client::Client;
use crate::scene::{PATIENCE, SILENCE, Scene, ends_for_good};
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
    let mut verdicts = takeover(addr, scene).await?;
    verdicts.push(hang(&server, scene).await?);

    server.kill().await?;
    server.write("passwords", "")?;
    server.write(CONFIG, &format!("{listen}password_file passwords\n"))?;
    server.listen().await?;
    let refused = link(addr, "refused")?.ready_when_marked();
    let refused =
        refused.retry_if(|failure| failure.cause.kind() != io::ErrorKind::PermissionDenied);
    verdicts.push(ends_for_good("refused", refused, 1).await?);
    let retried = Client::marked(link(addr, "retried")?, scene.stable);
    sleep(scene.bad / 2).await;
    server.kill().await?;
    server.write(CONFIG, &open)?;
    server.listen().await?;
    retried.stable(PATIENCE).await?;
    let attempts = Scene::attempts_in(scene.bad);
    verdicts.push(retried.end().await.verdict("password", 1, attempts));
    server.kill().await?;
    Ok(verdicts)
}

/// Each login ends the connection of the other.
async fn takeover(addr: SocketAddr, scene: &Scene) -> io::Result<Vec<Verdict>> {
    // None has the place for longer than the longest delay of the other.
    let stable = scene.stable.max(Duration::from_secs(2));
    let twin = || {
        let link = link(addr, "twin")?;
        Ok::<_, io::Error>(Client::marked(link, stable))
    };
    let (one, other) = (twin()?, twin()?);
    other.lost(PATIENCE).await?;
    sleep(scene.bad).await;
    let one = one.end().await;
    other.stable(PATIENCE).await?;
    let attempts = Scene::attempts_in(scene.bad);
    Ok(vec![
        one.verdict("takeover", 1, attempts),
        other.end().await.verdict("takeover", 1, attempts),
    ])
}

/// It accepts, as its kernel does that for it, and answers nothing.
async fn hang(server: &Server, scene: &Scene) -> io::Result<Verdict> {
    let client = Client::marked(link(server.addr(), "pings")?, scene.stable);
    client.stable(PATIENCE).await?;
    server.signal(Signal::SIGSTOP)?;
    sleep(scene.bad).await;
    server.signal(Signal::SIGCONT)?;
    client.stable(PATIENCE).await?;
    let attempts = Scene::attempts_in(scene.bad);
    Ok(client.end().await.verdict("hang", 1, attempts))
}

type Link<H> = TcpConnector<schmoozer_tcp::Plain, H, io::Error>;

fn link(
    addr: SocketAddr,
    id: &'static str,
) -> io::Result<Link<impl FnMut(TcpStream, Session) -> Serving + use<>>> {
    let serve = move |stream, session| -> Serving { Box::pin(stay(stream, session, id)) };
    Ok(TcpConnector::new(Dialer::new(addr)?, serve))
}

type Serving = std::pin::Pin<Box<dyn Future<Output = io::Result<End>> + Send>>;

/// Logs in with MQTT 3.1.1, and pings.
async fn stay(mut stream: TcpStream, session: Session, id: &str) -> io::Result<End> {
    let length = u8::try_from(id.len()).map_err(io::Error::other)?;
    let mut connect = vec![0x10, 12 + length];
    // Level 4, a clean session, no keepalive.
    connect.extend(b"\x00\x04MQTT\x04\x02\x00\x00\x00");
    connect.push(length);
    connect.extend(id.as_bytes());
    stream.write_all(&connect).await?;
    let mut answer = [0; 4];
    timeout(SILENCE, stream.read_exact(&mut answer)).await??;
    match answer {
        [0x20, 2, _, 0] => session.ready(),
        [0x20, 2, _, code] => {
            let refused = format!("the login was refused with code {code}");
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, refused));
        }
        _ => return Err(io::Error::other(format!("no CONNACK: {answer:?}"))),
    }
    loop {
        if let Ok(early) = timeout(Duration::from_millis(500), stream.read_u8()).await {
            return early.and(Err(closed()));
        }
        stream.write_all(&[0xC0, 0]).await?;
        let mut pong = [0; 2];
        timeout(SILENCE, stream.read_exact(&mut pong)).await??;
    }
}
