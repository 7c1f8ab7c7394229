//! nats-server: one of two servers asks its clients to go away, and is then killed; the other is killed and restarted.

use std::io;
use std::path::Path;

use nix::sys::signal::Signal;
use schmoozer_tcp::{Dialer, End, Order, Session, TcpConnector, closed};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::client::Client;
use crate::requests::Requests;
use crate::scene::{PATIENCE, SILENCE, Scene, until};
use crate::server::{Scratch, Server, dying_with_us, free_addr};
use crate::verdict::Verdict;

const CONFIG: &str = "nats.conf";
const PAIRS: usize = 5;

pub(crate) async fn play(program: &Path, scene: &Scene) -> io::Result<Vec<Verdict>> {
    let server = || {
        let addr = free_addr()?;
        let mut command = dying_with_us(program, None);
        let port = addr.port().to_string();
        command.args(["-a", &addr.ip().to_string(), "-p", &port, "-c", CONFIG]);
        let server = Server::new(addr, command, Scratch::new()?);
        server.write(
            CONFIG,
            "lame_duck_duration: \"30s\"\nlame_duck_grace_period: \"1s\"\n",
        )?;
        Ok::<_, io::Error>(server)
    };
    let (mut lame, mut spare) = (server()?, server()?);
    lame.listen().await?;
    spare.listen().await?;
    let mut clients = Vec::new();
    for number in 0..PAIRS {
        let both = || Ok(Dialer::any_of([lame.addr(), spare.addr()])?.order(Order::Failover));
        clients.extend(pair(number, both, scene)?);
    }
    for client in &clients {
        client.stable(PATIENCE).await?;
    }

    lame.signal(Signal::SIGUSR2)?;
    let stays = || "a client stays with the lame duck".to_owned();
    let moved = || clients.iter().all(|client| client.arrivals() >= 2);
    until(PATIENCE, stays, moved).await?;
    lame.kill().await?;
    let mut verdicts = Vec::new();
    for client in clients {
        verdicts.push(client.back("lame duck", 0, 2).await?);
    }

    let [asks, answers] = pair(PAIRS, || Ok(Dialer::new(spare.addr())?), scene)?;
    verdicts.push(scene.kills(asks, &mut spare).await?);
    // It was back before the one that asks could be.
    verdicts.push(scene.verdict("kill", answers).await);
    spare.kill().await?;
    Ok(verdicts)
}

/// One that asks, and one that answers it, by way of the server.
fn pair(
    number: usize,
    dialer: impl Fn() -> io::Result<Dialer>,
    scene: &Scene,
) -> io::Result<[Client; 2]> {
    let requests = Requests::default();
    let [questions, answers] = ["questions", "answers"].map(|it| format!("{it}.{number}"));
    let client = |from: &str, to: &str, asks| {
        let (requests, from, to) = (requests.clone(), from.to_owned(), to.to_owned());
        let link = TcpConnector::new(dialer()?, move |stream, session| {
            let subjects = [from.clone(), to.clone()];
            stay(stream, session, subjects, requests.clone(), asks)
        });
        Ok::<_, io::Error>(Client::marked(link, scene.stable))
    };
    let asks = client(&answers, &questions, true)?.asking(&requests);
    Ok([asks, client(&questions, &answers, false)?])
}

/// Sends each number until it is answered, or answers those that come.
async fn stay(
    stream: TcpStream,
    session: Session,
    [from, to]: [String; 2],
    requests: Requests,
    asks: bool,
) -> io::Result<End> {
    let mut stream = BufReader::new(stream);
    let login = "CONNECT {\"verbose\":false,\"protocol\":1}";
    let subscribe = format!("{login}\r\nSUB {from} 1\r\nPING\r\n");
    stream.write_all(subscribe.as_bytes()).await?;
    let pong = async {
        while !line(&mut stream).await?.starts_with("PONG") {}
        Ok::<_, io::Error>(())
    };
    timeout(SILENCE, pong).await??;
    if !asks {
        session.ready();
    }
    loop {
        if asks {
            publish(&mut stream, &to, requests.next()).await?;
        }
        // The one that answers may be away: then it is asked once more.
        while timeout(SILENCE / 4, stream.fill_buf()).await.is_ok() {
            match next(&mut stream, &session).await? {
                Some(number) if !asks => {
                    requests.come(number);
                    publish(&mut stream, &to, number).await?;
                }
                Some(number) if number == requests.next() => {
                    session.ready();
                    requests.answer(number);
                    sleep(SILENCE / 50).await;
                    break;
                }
                _ => {}
            }
        }
    }
}

async fn publish(stream: &mut BufReader<TcpStream>, subject: &str, number: u64) -> io::Result<()> {
    let number = number.to_string();
    let message = format!("PUB {subject} {}\r\n{number}\r\n", number.len());
    stream.write_all(message.as_bytes()).await
}

/// The number that comes next, if one does. Answers a ping, and goes when it is asked to.
async fn next(stream: &mut BufReader<TcpStream>, session: &Session) -> io::Result<Option<u64>> {
    let said = line(stream).await?;
    if said.starts_with("MSG") {
        let number = line(stream).await?.trim_end().parse();
        return number.map(Some).map_err(io::Error::other);
    }
    if said.starts_with("PING") {
        stream.write_all(b"PONG\r\n").await?;
    }
    if said.starts_with("INFO") && said.contains("\"ldm\":true") {
        session.renew();
    }
    Ok(None)
}

async fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    match stream.read_line(&mut line).await? {
        0 => Err(closed()),
        _ => Ok(line),
    }
}
