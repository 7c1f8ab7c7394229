//! A network that goes and comes: there are no attempts while it is away, and the first one starts when it is back.
//! Shows `while_online`, fed by `netwatcher`, which watches the interfaces of the system, and a heartbeat that finds a dead link.
//! Without arguments it makes a network namespace, on Linux with iproute2, mostly as root; `-- HOST:PORT` runs on any system.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::process::Command;
use std::time::Duration;

use clap::Parser;
use netwatcher::{Interface, WatchHandle, watch_interfaces_with_callback};
use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{Connector, Dialer, End, InvalidTarget, Runner, Session, TcpConnector, closed};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

#[derive(Parser)]
struct Arguments {
    /// The server to keep a connection to, which answers a line with a line
    #[arg(value_name = "HOST:PORT", conflicts_with = "inside")]
    target: Option<String>,
    /// Runs the demonstration in this network namespace
    #[arg(long, hide = true)]
    inside: bool,
}

const HEARTBEAT: Duration = Duration::from_millis(200);
/// How long an answer to a heartbeat may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// Tells whether there is a network, for as long as the handle lives.
fn watch_network() -> Result<(WatchHandle, watch::Receiver<bool>), netwatcher::Error> {
    let (sender, online) = watch::channel(false);
    let watcher = watch_interfaces_with_callback(move |update| {
        let online = is_online(&update.interfaces);
        if sender.send_replace(online) != online {
            println!("network: {}", if online { "here" } else { "away" });
        }
    })?;
    Ok((watcher, online))
}

/// Whether an interface that is up has an address that leads further than to this machine and its link.
fn is_online(interfaces: &HashMap<u32, Interface>) -> bool {
    let mut addresses = interfaces.values().flat_map(|interface| &interface.ips);
    addresses.any(|address| match address.ip {
        IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_link_local(),
        IpAddr::V6(ip) => !ip.is_loopback() && !ip.is_unicast_link_local(),
    })
}

/// Sends a line now and then, until one is not answered.
async fn heartbeats(stream: TcpStream, session: Session) -> io::Result<End> {
    let mut stream = BufReader::new(stream);
    loop {
        stream.write_all(b"still there?\n").await?;
        let mut answer = String::new();
        if timeout(PATIENCE, stream.read_line(&mut answer)).await?? == 0 {
            return Err(closed());
        }
        tokio::select! {
            () = sleep(HEARTBEAT) => {}
            end = session.stopping() => return Ok(end),
        }
    }
}

/// A loop that dials `target` while there is a network.
fn link(
    target: String,
    online: watch::Receiver<bool>,
) -> Result<Runner<'static, impl Connector<Error = io::Error>>, InvalidTarget> {
    let runner = Runner::new(TcpConnector::new(Dialer::new(target)?, heartbeats));
    Ok(runner
        .while_online(online)
        .on_event(|event| println!("{event}")))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { target, inside } = Arguments::parse();
    if let Some(target) = target {
        let (_watcher, online) = watch_network()?;
        let leave = tokio::signal::ctrl_c();
        return Ok(link(target, online)?.shutdown(leave).run().await?);
    }
    if inside {
        return demonstrate().await;
    }
    run_inside()
}

/// Runs this program again, in a network namespace that ends with it.
fn run_inside() -> Result<(), Box<dyn Error>> {
    for root in [&[][..], &["--map-root-user"]] {
        let unshare = || {
            let mut unshare = Command::new("unshare");
            unshare.arg("--net").args(root);
            unshare
        };
        let made = unshare().args(["ip", "link"]).output();
        if made.is_ok_and(|made| made.status.success()) {
            let program = std::env::current_exe()?;
            let ended = unshare().arg(program).arg("--inside").status()?;
            let failed = || ended.to_string().into();
            return ended.success().then_some(()).ok_or_else(failed);
        }
    }
    println!("skipped: a network namespace takes Linux, root, unshare and iproute2");
    Ok(())
}

fn ip(arguments: &str) -> io::Result<()> {
    let status = Command::new("ip").args(arguments.split(' ')).status()?;
    let failed = || io::Error::other(format!("ip {arguments}: {status}"));
    status.success().then_some(()).ok_or_else(failed)
}

async fn demonstrate() -> Result<(), Box<dyn Error>> {
    ip("link set lo up")?;
    ip("link add wifi type veth peer name access_point")?;
    ip("link set wifi up")?;
    let server = Peer::start_at(([0, 0, 0, 0], 0), Behaviour::Echo).await?;
    let (_watcher, online) = watch_network()?;
    let target = format!("10.9.0.1:{}", server.addr().port());
    let (handle, _task) = link(target, online)?.spawn();
    let mut attempts = Vec::new();
    for visit in 1..=2 {
        sleep(Duration::from_secs(2)).await;
        attempts.push(handle.stats().attempts);
        println!("--- the network comes, time {visit}");
        ip("address add 10.9.0.1/24 dev wifi")?;
        handle.connected().await?;
        sleep(Duration::from_millis(500)).await;
        println!("--- and goes");
        // Its address is taken away, as when one leaves a wireless network.
        ip("address flush dev wifi")?;
    }
    handle.shutdown();
    handle.stopped().await;
    println!("attempts before the network came, each time: {attempts:?}");
    match (attempts.as_slice(), handle.stats().connections) {
        ([0, 1], 2) => Ok(()),
        counts => Err(format!("attempts and connections: {counts:?}").into()),
    }
}
