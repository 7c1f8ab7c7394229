//! haproxy and nginx before a server: they accept whatever becomes of it.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::Dialer;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::client::Client;
use crate::scene::{PATIENCE, SILENCE, Scene};
use crate::server::{Scratch, Server, contained, dying_with_us, free_addr};
use crate::verdict::Verdict;

const CONFIG: &str = "proxy.conf";

/// What the server behind them does.
fn talk() -> Behaviour {
    Behaviour::Drip(b".".into(), Duration::from_millis(100))
}

pub(crate) async fn haproxy(program: &Path, scene: &Scene) -> io::Result<Vec<Verdict>> {
    let backend = Peer::start_at(([127, 0, 0, 3], 0), talk()).await?;
    let (addr, to) = (free_addr()?, backend.addr());
    let mut command = dying_with_us(program, None);
    command.args(["-W", "-db", "-f", CONFIG]);
    let mut server = Server::new(addr, command, Scratch::new()?);
    server.write(
        CONFIG,
        &format!(
            "global\n hard-stop-after 300ms\ndefaults\n mode tcp\n retries 0\n timeout connect 300ms\n timeout queue 1m\n \
             timeout client 1h\n timeout server 1h\nlisten chat\n bind {addr}\n server one {to} maxconn 1\n"
        ),
    )?;
    server.listen().await?;
    let verdicts = vec![
        no_backend(addr, &backend, scene).await?,
        queue(addr, &backend, scene).await?,
        reload(Signal::SIGUSR2, &mut server, scene).await?,
        scene.kills(client(addr, scene)?, &mut server).await?,
    ];
    server.kill().await?;
    Ok(verdicts)
}

pub(crate) async fn nginx(program: &Path, scene: &Scene) -> io::Result<Vec<Verdict>> {
    let backend = Peer::start_at(([127, 0, 0, 3], 0), talk()).await?;
    let (addr, to) = (free_addr()?, backend.addr());
    // Its workers live on when the master is killed.
    let mut command = contained(program);
    command.args(["-p", ".", "-c", CONFIG, "-e", "stderr"]);
    let mut server = Server::new(addr, command, Scratch::new()?).contained();
    server.write(
        CONFIG,
        &format!(
            "load_module {MODULE};\ndaemon off;\nuser root;\npid nginx.pid;\nworker_processes 1;\nworker_shutdown_timeout \
             300ms;\nevents {{}}\nstream {{ proxy_connect_timeout 300ms; server {{ listen {addr}; proxy_pass {to}; }} }}\n"
        ),
    )?;
    server.listen().await?;
    let verdicts = vec![
        no_backend(addr, &backend, scene).await?,
        reload(Signal::SIGHUP, &mut server, scene).await?,
        scene.kills(client(addr, scene)?, &mut server).await?,
    ];
    server.kill().await?;
    Ok(verdicts)
}

/// Where Debian's package has it.
pub(crate) const MODULE: &str = "/usr/lib/nginx/modules/ngx_stream_module.so";

fn client(addr: SocketAddr, scene: &Scene) -> io::Result<Client> {
    Ok(Client::listener(Dialer::new(addr)?, SILENCE, scene.stable))
}

/// The proxy accepts, and closes.
async fn no_backend(addr: SocketAddr, backend: &Peer, scene: &Scene) -> io::Result<Verdict> {
    let client = client(addr, scene)?;
    client.stable(PATIENCE).await?;
    backend.stop().await?;
    sleep(scene.bad).await;
    backend.switch(talk()).await?;
    client.stable(PATIENCE).await?;
    let attempts = Scene::attempts_in(scene.bad);
    Ok(client.end().await.verdict("no backend", 1, attempts))
}

/// Another client has the only place, so this one is connected and hears nothing.
async fn queue(addr: SocketAddr, backend: &Peer, scene: &Scene) -> io::Result<Verdict> {
    backend.live(0).await?;
    let mut first = TcpStream::connect(addr).await?;
    first.read_u8().await?;
    let client = client(addr, scene)?;
    let answered = timeout(scene.bad, client.handle.connected()).await.is_ok();
    drop(first);
    client.stable(PATIENCE).await?;
    let attempts = Scene::attempts_in(scene.bad);
    let verdict = client.end().await.verdict("queue", 1, attempts);
    let holds = verdict.holds && !answered;
    Ok(Verdict { holds, ..verdict })
}

/// The workers of old end soon, and their connections with them.
async fn reload(signal: Signal, server: &mut Server, scene: &Scene) -> io::Result<Verdict> {
    let client = client(server.addr(), scene)?;
    scene
        .repeat("reload", client, server, async |server, _| {
            server.signal(signal)
        })
        .await
}
