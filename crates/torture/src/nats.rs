//! nats-server: one of two servers asks its clients to go away, and is then killed; the other is killed and restarted.

use std::io;
use std::path::Path;

use nix::sys::signal::Signal;
use schmoozer_tcp::{Dialer, End, Order, Session, TcpConnector, closed};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::client::Client;
use crate::scene::{PATIENCE, SILENCE, Scene};
use crate::server::{Scratch, Server, dying_with_us, free_addr};
use crate::verdict::Verdict;

const CONFIG: &str = "nats.conf";
const CLIENTS: usize = 10;

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
    let client = || {
        let dialer = Dialer::any_of([lame.addr(), spare.addr()])?.order(Order::Failover);
        let link = TcpConnector::new(dialer, subscribe);
        Ok::<_, io::Error>(Client::marked(link, scene.stable))
    };
    let clients = std::iter::repeat_with(client).take(CLIENTS);
    let clients = clients.collect::<io::Result<Vec<Client>>>()?;
    for client in &clients {
        client.stable(PATIENCE).await?;
    }

    lame.signal(Signal::SIGUSR2)?;
    let begin = Instant::now();
    while clients.iter().any(|client| client.arrivals() < 2) {
        if begin.elapsed() > PATIENCE {
            return Err(io::Error::other("a client stays with the lame duck"));
        }
        sleep(SILENCE / 20).await;
    }
    let moved = begin.elapsed();
    lame.kill().await?;
    sleep(scene.stable).await;
    let mut verdicts = Vec::new();
    for client in clients {
        verdicts.push(client.end().await.verdict("lame duck", 0, 2));
    }
    let holds = verdicts.iter().all(|verdict| verdict.holds);
    let numbers = format!(
        "{CLIENTS} clients on the other server within {:.2} s, each: {}",
        moved.as_secs_f64(),
        verdicts[0].numbers
    );
    let lame_duck = Verdict::new("lame duck", holds, numbers);

    let link = TcpConnector::new(Dialer::new(spare.addr())?, subscribe);
    let client = Client::marked(link, scene.stable);
    let killed = scene.kills(client, &mut spare).await?;
    spare.kill().await?;
    Ok(vec![lame_duck, killed])
}

/// Subscribes, answers pings, and goes when it is asked to.
async fn subscribe(stream: TcpStream, session: Session) -> io::Result<End> {
    let mut stream = BufReader::new(stream);
    let login = b"CONNECT {\"verbose\":false,\"protocol\":1}\r\nSUB news 1\r\nPING\r\n";
    stream.write_all(login).await?;
    timeout(SILENCE, async {
        while !next(&mut stream).await?.starts_with("PONG") {}
        Ok::<_, io::Error>(())
    })
    .await??;
    session.ready();
    loop {
        let line = next(&mut stream).await?;
        if line.starts_with("INFO") && line.contains("\"ldm\":true") {
            return Ok(End::Renew);
        }
    }
}

async fn next(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Err(closed());
    }
    if line.starts_with("PING") {
        stream.write_all(b"PONG\r\n").await?;
    }
    Ok(line)
}
