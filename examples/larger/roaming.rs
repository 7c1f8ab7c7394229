//! A network that comes and goes: there are no attempts while it is away, and the first one starts when it is back.
//! Shows `while_online`, fed by `netwatcher`, which watches the interfaces of the system, and a heartbeat that finds a dead link.
//! Without arguments it makes a network namespace, on Linux with iproute2, mostly as root; `-- HOST:PORT` runs on any system.

use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::process::Command;
use std::time::Duration;

use clap::Parser;
use netwatcher::{IpRecord, WatchHandle, watch_interfaces_with_callback};
use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{Dialer, End, Handle, Runner, Session, Status, TcpConnector, closed};
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

/// How long an answer to a heartbeat may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// What makes the network of the demonstration: a virtual cable.
const NETWORK: &str = "ip link add wifi type veth peer name access_point";

/// Tells whether there is a network, for as long as the handle lives.
fn watch_network() -> Result<(WatchHandle, watch::Receiver<bool>), netwatcher::Error> {
    let (sender, online) = watch::channel(false);
    let watcher = watch_interfaces_with_callback(move |update| {
        let mut addresses = update.interfaces.values().flat_map(|up| &up.ips);
        let online = addresses.any(leads_on);
        if sender.send_replace(online) != online {
            println!("network: {}", if online { "here" } else { "away" });
        }
    })?;
    Ok((watcher, online))
}

/// Whether an address leads further than to this machine and its link.
fn leads_on(address: &IpRecord) -> bool {
    match address.ip {
        IpAddr::V4(ip) => !ip.is_loopback() && !ip.is_link_local(),
        IpAddr::V6(ip) => !ip.is_loopback() && !ip.is_unicast_link_local(),
    }
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
            () = sleep(PATIENCE / 5) => {}
            end = session.stopping() => return Ok(end),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { target, inside } = Arguments::parse();
    if target.is_none() && !inside {
        return Ok(run_inside()?);
    }
    let server = Peer::start_at(([0, 0, 0, 0], 0), Behaviour::Echo).await?;
    let target = target.unwrap_or(format!("10.9.0.1:{}", server.addr().port()));
    if inside {
        for setup in ["ip link set lo up", NETWORK, "ip link set wifi up"] {
            run(&mut command(setup))?;
        }
    }
    let (_watcher, online) = watch_network()?;
    let runner = Runner::new(TcpConnector::new(Dialer::new(target)?, heartbeats))
        .while_online(online)
        .on_event(|event| println!("{event}"))
        .shutdown(tokio::signal::ctrl_c());
    if !inside {
        return Ok(runner.run().await?);
    }
    let demonstration = demonstrate(runner.handle());
    let (kept, attempts) = tokio::join!(runner.run(), demonstration);
    kept?;
    let attempts = attempts?;
    println!("attempts before the network came, each time: {attempts:?}");
    match server.counts().accepted {
        2 if attempts == [0, 1] => Ok(()),
        connections => Err(format!("{connections} connections instead of 2").into()),
    }
}

/// Runs this program again, in a network namespace that ends with it.
fn run_inside() -> io::Result<()> {
    for unshare in ["unshare --net", "unshare --net --map-root-user"] {
        let tried = command(&format!("{unshare} {NETWORK}")).output();
        if tried.is_ok_and(|tried| tried.status.success()) {
            let program = std::env::current_exe()?;
            return run(command(unshare).arg(program).arg("--inside"));
        }
    }
    println!("skipped: a network namespace takes Linux, root, unshare and iproute2");
    Ok(())
}

fn command(text: &str) -> Command {
    let mut words = text.split(' ');
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words);
    command
}

fn run(command: &mut Command) -> io::Result<()> {
    let status = command.status()?;
    let failed = || io::Error::other(format!("{command:?}: {status}"));
    status.success().then_some(()).ok_or_else(failed)
}

/// Brings the network and takes it away. Returns how many attempts there were before it came, each time.
async fn demonstrate(handle: Handle) -> Result<Vec<u64>, Box<dyn Error>> {
    let _stop = handle.shutdown_on_drop();
    let mut attempts = Vec::new();
    for visit in 1..=2 {
        sleep(Duration::from_secs(2)).await;
        attempts.push(handle.stats().attempts);
        println!("--- the network comes, time {visit}");
        run(&mut command("ip address add 10.9.0.1/24 dev wifi"))?;
        handle.connected().await?;
        sleep(Duration::from_millis(500)).await;
        if visit == 1 {
            println!("--- and goes");
            // Its address is taken away, as when one leaves a wireless network.
            run(&mut command("ip address flush dev wifi"))?;
            let lost = |status: &Status| !matches!(status, Status::Connected { .. });
            handle.watch().wait_for(lost).await?;
        }
    }
    Ok(attempts)
}
