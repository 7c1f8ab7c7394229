//! dnsmasq and the system's resolver, in a network and with a `resolv.conf` of their own.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use schmoozer_faults::{Answer, Behaviour, NameServer, Peer, RecordType};
use schmoozer_tcp::Dialer;
use tokio::net::UdpSocket;
use tokio::time::sleep;

use crate::client::Client;
use crate::process::again_inside;
use crate::scene::{PATIENCE, SILENCE, Scene};
use crate::server::{Scratch, Server, dying_with_us};
use crate::verdict::Verdict;

pub(crate) const RESOLVERS: &str = "/etc/resolv.conf";
const PORT: u16 = 7_000;
/// How long dnsmasq still has the old answer when the server has moved.
const STALE: Duration = Duration::from_secs(3);

/// Has this program play `again` in a namespace, where [`play`] can do what it does.
pub(crate) async fn outside(
    again: &[&str],
    mut tell: impl FnMut(&str),
) -> io::Result<Vec<Verdict>> {
    let said = again_inside(again).await;
    let holds = said.is_ok();
    for line in said.unwrap_or_else(|error| error.to_string()).lines() {
        tell(line);
    }
    let numbers = "all of the above, with the system's resolver".to_owned();
    Ok(vec![Verdict::new("namespace", holds, numbers)])
}

/// What a client of the system's resolver meets.
pub(crate) async fn play(program: &Path, scene: &Scene) -> io::Result<Vec<Verdict>> {
    let names = NameServer::start_at(([127, 0, 0, 1], 0)).await?;
    let mut command = dying_with_us(program, None);
    command
        .args(["--no-daemon", "--no-resolv", "--no-hosts", "--user=root"])
        .args(["--conf-file=/dev/null", "--pid-file=", "--bind-interfaces"])
        .args(["--listen-address=127.0.0.53", "--cache-size=100"])
        .arg(format!("--server=127.0.0.1#{}", names.addr().port()));
    let addr = SocketAddr::from(([127, 0, 0, 53], 53));
    let mut server = Server::new(addr, command, Scratch::new()?);
    server.listen().await?;
    let live = "nameserver 127.0.0.53\noptions timeout:1 attempts:1\n";
    fs::write(RESOLVERS, live)?;
    let talk = || Behaviour::Drip(b".".into(), Duration::from_millis(100));
    let old = Peer::start_at(([127, 0, 0, 5], PORT), talk()).await?;
    let _new = Peer::start_at(([127, 0, 0, 6], PORT), talk()).await?;
    let at = |last| Answer::addresses([Ipv4Addr::new(127, 0, 0, last)]);

    names.set("moves.test", at(5).ttl(scene.stable + STALE));
    let client = connect("moves.test", scene)?;
    client.stable(PATIENCE).await?;
    names.set("moves.test", at(6));
    old.stop().await?;
    client.lost(PATIENCE).await?;
    client.stable(PATIENCE).await?;
    let attempts = Scene::attempts_in(STALE);
    let moved = client.end().await.verdict("moves", 1, attempts);

    names.set("half.test", at(6));
    names.set_for("half.test", RecordType::Aaaa, Answer::Drop);
    let client = connect("half.test", scene)?;
    client.stable(PATIENCE).await?;
    let half = client.end().await.verdict("AAAA dropped", 0, 1);

    // There is somebody, who says nothing.
    let _dead = UdpSocket::bind("127.0.0.54:53").await?;
    fs::write(RESOLVERS, format!("nameserver 127.0.0.54\n{live}"))?;
    names.set("first.test", at(6));
    let client = connect("first.test", scene)?;
    client.stable(PATIENCE).await?;
    let first = client.end().await.verdict("first dead", 0, 1);
    fs::write(RESOLVERS, live)?;

    names.set("ill.test", Answer::ServerFailure);
    let client = connect("ill.test", scene)?;
    sleep(scene.bad).await;
    names.set("ill.test", at(6));
    client.stable(PATIENCE).await?;
    let attempts = Scene::attempts_in(scene.bad);
    let ill = client.end().await.verdict("SERVFAIL", 1, attempts);
    server.kill().await?;
    Ok(vec![moved, half, first, ill])
}

fn connect(name: &str, scene: &Scene) -> io::Result<Client> {
    let dialer = Dialer::new((name, PORT))?;
    Ok(Client::listener(dialer, SILENCE, scene.stable))
}
