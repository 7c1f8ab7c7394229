//! dnsmasq and the system's resolver, in a network and with a `resolv.conf` of their own.

use std::env;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use schmoozer_faults::{Answer, Behaviour, NameServer, Peer, RecordType};
use schmoozer_tcp::Dialer;
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep};

use crate::process::again_inside;
use crate::requests::Requests;
use crate::scene::{PATIENCE, Scene};
use crate::server::{Scratch, Server, dying_with_us};
use crate::verdict::Verdict;

pub(crate) const RESOLVERS: &str = "/etc/resolv.conf";
/// Set to anything, a machine without namespaces is a failure.
const REQUIRED: &str = "SCHMOOZER_REQUIRE_NAMESPACES";
const PORT: u16 = 7_000;
const OLD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 5);
const NEW: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 6);
/// How long a lookup may take that has one answer and waits for another, and how much longer dnsmasq keeps an answer:
/// it counts whole seconds.
const LOOKUP: Duration = Duration::from_secs(2);
/// How long dnsmasq still has the old answer when the server has moved.
const STALE: Duration = Duration::from_secs(3);

/// Has this program play `again` in a namespace, where [`play`] can do what it does.
pub(crate) async fn outside(
    again: &[&str],
    mut tell: impl FnMut(&str),
) -> io::Result<Vec<Verdict>> {
    let said = again_inside(again).await;
    if let Err(lacking) = &said {
        if lacking.kind() == io::ErrorKind::Unsupported && env::var_os(REQUIRED).is_none() {
            tell(&format!("skipped: {lacking}"));
            return Ok(Vec::new());
        }
    }
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
    let requests = Requests::default();
    let old = Peer::start_at((OLD, PORT), requests.behaviour()).await?;
    let new = Peer::start_at((NEW, PORT), requests.behaviour()).await?;
    let client = |name| {
        let dialer = Dialer::new((name, PORT))?;
        Ok::<_, io::Error>(requests.client(dialer, scene))
    };
    let is_new = || Answer::addresses([NEW]);

    let (begin, ttl) = (Instant::now(), scene.stable + STALE);
    names.set("moves.test", Answer::addresses([OLD]).ttl(ttl));
    let moves = client("moves.test")?;
    moves.stable(PATIENCE).await?;
    let now = Instant::now();
    names.set("moves.test", is_new());
    // What is there now is another server.
    old.restart(Behaviour::Close).await?;
    moves.lost(PATIENCE).await?;
    let attempts = Scene::attempts_in(STALE);
    let moves = moves.back("moves", 1, attempts).await?;

    names.set("half.test", is_new());
    names.set_for("half.test", RecordType::Aaaa, Answer::Drop);
    let half = client("half.test")?.back("AAAA dropped", 0, 1).await?;

    // There is somebody, who says nothing.
    let _dead = UdpSocket::bind("127.0.0.54:53").await?;
    fs::write(RESOLVERS, format!("nameserver 127.0.0.54\n{live}"))?;
    names.set("first.test", is_new());
    let first = client("first.test")?.back("first dead", 0, 1).await?;
    fs::write(RESOLVERS, live)?;

    names.set("ill.test", Answer::ServerFailure);
    let ill = client("ill.test")?;
    sleep(scene.bad).await;
    names.set("ill.test", is_new());
    let attempts = Scene::attempts_in(scene.bad);
    let ill = ill.back("SERVFAIL", 1, attempts).await?;
    server.kill().await?;

    // A connection may be made while the last answer with its address is right, and no later.
    let questions = names.questions();
    let wrong = |peer: &Peer, told: Range<Instant>, ttl: Duration| {
        let right = |at: &Instant| {
            let mut asked = questions.iter().filter(|it| told.contains(&it.at));
            asked.any(|it| it.at <= *at && *at <= it.at + ttl + LOOKUP)
        };
        peer.accept_times().iter().filter(|at| !right(at)).count()
    };
    let wrong = wrong(&old, begin..now, ttl) + wrong(&new, now..Instant::now(), Duration::ZERO);
    let [old, new] = [old, new].map(|it| it.counts().accepted);
    let numbers = format!("{old} connections to the old one and {new} to the new, {wrong} wrong");
    let addresses = Verdict::new("addresses", wrong == 0 && old > 1, numbers);
    Ok(vec![moves, half, first, ill, addresses])
}
