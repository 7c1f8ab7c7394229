//! What a host lacks for ten seconds; each in a process of its own, and most in a network of its own.

use std::fs::{self, File};
use std::iter;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use rlimit::{Resource, getrlimit, setrlimit};
use schmoozer_faults::{Answer, NameServer, Peer, RecordType};
use schmoozer_tcp::{Dialer, HickoryResolver};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::sleep;

use super::dials::{client, ready};
use super::outages::{is_back, kept_off};
use super::{Measured, check, talk};
use crate::names::RESOLVERS;
use crate::process::{descriptors, sh, threads};
use crate::scene::PATIENCE;

const PORT: u16 = 7_000;
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// None is left of the few descriptors that there may be.
pub(super) async fn no_descriptors() -> Measured {
    let peer = Peer::start(talk()).await?;
    let few = descriptors()? as u64 + 20;
    let (_, hard) = getrlimit(Resource::NOFILE)?;
    setrlimit(Resource::NOFILE, few, hard)?;
    let used_up: Vec<File> = iter::from_fn(|| File::open("/dev/null").ok()).collect();
    let client = client(Dialer::new(peer.addr())?);
    kept_off(&client).await?;
    drop(used_up);
    is_back(client).await
}

/// There is no route to a host.
pub(super) async fn no_route() -> Measured {
    let _peer = Peer::start_at(([0, 0, 0, 0], PORT), talk()).await?;
    let client = client(Dialer::new("10.88.0.1:7000")?);
    kept_off(&client).await?;
    sh("ip address add 10.88.0.1/32 dev lo").await?;
    is_back(client).await
}

/// The local address is not there yet.
pub(super) async fn no_local_address() -> Measured {
    let peer = Peer::start(talk()).await?;
    let dialer = Dialer::new(peer.addr())?.local_addr(IpAddr::from([10, 88, 0, 7]));
    let client = client(dialer);
    kept_off(&client).await?;
    sh("ip address add 10.88.0.7/32 dev lo").await?;
    is_back(client).await
}

/// Others have all ports.
pub(super) async fn no_ports() -> Measured {
    let peer = Peer::start_at((HERE, 9_000), talk()).await?;
    fs::write("/proc/sys/net/ipv4/ip_local_port_range", "40000 40003")?;
    let mut used_up = Vec::new();
    while let Ok(stream) = TcpStream::connect(peer.addr()).await {
        // Nothing is left behind when it is dropped.
        stream.set_zero_linger()?;
        used_up.push(stream);
    }
    let client = client(Dialer::new(peer.addr())?);
    kept_off(&client).await?;
    drop(used_up);
    is_back(client).await
}

/// 701 names are looked up for a minute; another is known without a name server.
pub(super) async fn hung_lookups() -> Measured {
    let _silent = UdpSocket::bind((HERE, 53)).await?;
    let patient = "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n";
    fs::write(RESOLVERS, patient)?;
    let _peer = Peer::start_at((HERE, PORT), talk()).await?;
    let before = threads()?;
    let mut hung = Vec::new();
    for nth in 0..=700 {
        hung.push(client(Dialer::new((format!("{nth}.test"), PORT))?));
    }
    sleep(2 * PATIENCE).await;
    let lookups = threads()? - before;
    let took = ready(&client(Dialer::new(("localhost", PORT))?), PATIENCE).await?;
    let dials = hung.iter().map(|it| it.handle.stats().attempts);
    let dials = dials.min().unwrap_or(0);
    check(
        took <= Duration::from_secs(1) && lookups == 701 && dials >= 4,
        format!("{lookups} threads for 701 names in {dials} dials; another name: {took:.3?}"),
    )
}

/// hickory has no configuration, is told that a name does not exist, or is refused; a zone is no name to ask for.
pub(super) async fn hickory() -> Measured {
    let (names, here) = (NameServer::start_at((HERE, 53)).await?, [HERE]);
    let _peer = Peer::start_at((HERE, PORT), talk()).await?;
    let _zoned = Peer::start_at((Ipv6Addr::UNSPECIFIED, PORT), talk()).await?;
    names.set("first.test", Answer::addresses(here));
    names.set("late.test", Answer::no_such_name().ttl(120 * PATIENCE));
    names.set("local.test", Answer::Code(5));
    let mut said = Vec::new();
    for name in ["first.test", "late.test", "local.test", "fe80::1%lo"] {
        let client = client(Dialer::new((name, PORT))?.resolver(HickoryResolver::system()));
        kept_off(&client).await?;
        match name {
            "first.test" => fs::write(RESOLVERS, "nameserver 127.0.0.1\n")?,
            "late.test" => names.set(name, Answer::addresses(here)),
            "local.test" => fs::write("/etc/hosts", "127.0.0.1 local.test\n")?,
            _ => drop(sh("ip address add fe80::1/64 dev lo nodad").await?),
        }
        said.push(is_back(client).await?);
    }
    Ok(said.join("; "))
}

/// A name server drops questions for IPv6 addresses, and the first of two is dead.
pub(super) async fn slow_lookups() -> Measured {
    let names = NameServer::start_at((HERE, 53)).await?;
    let _peer = Peer::start_at((HERE, PORT), talk()).await?;
    for name in ["half.test", "dead.test"] {
        names.set(name, Answer::addresses([HERE]));
    }
    names.set_for("half.test", RecordType::Aaaa, Answer::Drop);
    let live = "nameserver 127.0.0.1\n";
    fs::write(RESOLVERS, live)?;
    let half = client(Dialer::new(("half.test", PORT))?);
    let half_took = ready(&half, PATIENCE).await?;
    // There is somebody, who says nothing.
    let _dead = UdpSocket::bind("127.0.0.54:53").await?;
    fs::write(RESOLVERS, format!("nameserver 127.0.0.54\n{live}"))?;
    let dead = client(Dialer::new(("dead.test", PORT))?);
    let dead_took = ready(&dead, PATIENCE).await?;
    let dials = [half, dead].map(|it| it.handle.stats().attempts);
    let longest = Duration::from_secs(21);
    check(
        half_took <= longest && dead_took <= longest && dials.iter().all(|it| *it <= 4),
        format!(
            "AAAA dropped: {:.1} s, first server dead: {:.1} s, in {dials:?} dials",
            half_took.as_secs_f64(),
            dead_took.as_secs_f64()
        ),
    )
}
