//! A cable between two hosts, which are network namespaces, is cut.

use std::io;
use std::path::Path;
use std::time::Duration;

use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{Dialer, End, Keepalive, Session, TcpConnector};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::dials::STABLE_AFTER;
use super::{Measured, check};
use crate::client::Client;
use crate::process::succeeds;
use crate::program::on_path;
use crate::server::dying_with_us;

const HERE: &str = "10.77.0.1";
const THERE: &str = "10.77.0.2";
const PORT: u16 = 7_000;
const DEAD_AFTER: Duration = Duration::from_secs(60);

/// Has this program run again, `inside` a network namespace of its own.
pub(super) async fn outside(inside: Vec<String>) -> Measured {
    let unsupported = |why| io::Error::new(io::ErrorKind::Unsupported, why);
    for tool in ["ip", "nsenter", "setpriv", "unshare"] {
        on_path(tool).ok_or_else(|| unsupported(format!("{tool} is not here")))?;
    }
    let mut attempt = dying_with_us(Path::new("unshare"), None);
    if let Err(why) = succeeds(attempt.args(["--net", "true"]), "").await {
        return Err(unsupported(why.to_string()));
    }
    let mut command = dying_with_us(Path::new("unshare"), None);
    command.args(["--net", "--"]).arg(std::env::current_exe()?);
    succeeds(command.args(inside), "")
        .await
        .map(|said| said.trim().to_owned())
}

/// Serves on the other host until this is killed.
///
/// # Errors
///
/// When the other host has no address yet.
pub async fn there() -> io::Result<()> {
    let _peer = Peer::start_at(([0, 0, 0, 0], PORT), Behaviour::Echo).await?;
    println!("ready");
    std::future::pending().await
}

/// What is measured on this host; `there` are the arguments for the other.
///
/// # Errors
///
/// When a row does not hold, or a host cannot be had.
pub async fn here(there: &[&str]) -> io::Result<String> {
    let mut other = dying_with_us(Path::new("unshare"), None);
    other
        .args(["--net", "--"])
        .arg(std::env::current_exe()?)
        .args(there);
    let mut other = other
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let pid = other.id().unwrap_or(0);
    let mut ready = [0; 5];
    if let Some(output) = &mut other.stdout {
        output.read_exact(&mut ready).await?;
    }
    ip(&format!(
        "ip link add cable type veth peer name cable netns {pid}"
    ))
    .await?;
    ip(&format!(
        "ip addr add {HERE}/24 dev cable && ip link set cable up"
    ))
    .await?;
    let enter = format!("nsenter --target {pid} --net ip");
    ip(&format!(
        "{enter} addr add {THERE}/24 dev cable && {enter} link set cable up"
    ))
    .await?;
    let cut = async || ip(&format!("{enter} link set cable down")).await;
    let mend = async || ip(&format!("{enter} link set cable up")).await;

    let dialer = || Dialer::new((THERE, PORT));
    let parts = Keepalive::new()
        .idle(Duration::from_secs(35))
        .interval(Duration::from_secs(4))
        .count(10);
    let parts = run(dialer()?.keepalive(parts).user_timeout(None), false);
    parts.stable(DEAD_AFTER).await?;
    // The last byte came ten seconds ago, and the first probe is sent in two.
    sleep(Duration::from_secs(23)).await;
    cut().await?;
    sleep(Duration::from_secs(8)).await;
    mend().await?;
    sleep(Duration::from_secs(40)).await;
    let lived = parts.end().await.verdict("", 0, 1);
    check(lived.holds, format!("a lost probe: {}", lived.numbers))?;

    let (idle, busy) = (run(dialer()?, false), run(dialer()?, true));
    for client in [&idle, &busy] {
        client.stable(DEAD_AFTER).await?;
    }
    cut().await?;
    let begin = Instant::now();
    let found = async |client: &Client| {
        client.lost(2 * DEAD_AFTER).await?;
        Ok::<_, io::Error>(begin.elapsed().as_secs_f64())
    };
    let (idle_found, busy_found) = tokio::try_join!(found(&idle), found(&busy))?;
    mend().await?;
    for client in [&idle, &busy] {
        client.stable(DEAD_AFTER).await?;
    }
    let told =
        idle.end().await.verdict("", 1, 60).holds && busy.end().await.verdict("", 1, 60).holds;
    let limit = DEAD_AFTER.as_secs_f64() + 2.0;
    let measured = format!(
        "one lost probe is survived; a dead peer is found after {idle_found:.1} s idle, {busy_found:.1} s with data under way"
    );
    check(told && idle_found <= limit && busy_found <= limit, measured)
}

async fn ip(commands: &str) -> io::Result<String> {
    succeeds(
        tokio::process::Command::new("sh").args(["-c", commands]),
        "",
    )
    .await
}

/// Exchanges a byte, and then sends one each second, or waits.
fn run(dialer: Dialer, busy: bool) -> Client {
    let link = TcpConnector::new(
        dialer,
        move |mut stream: TcpStream, session: Session| async move {
            loop {
                stream.write_all(b".").await?;
                stream.read_u8().await?;
                session.ready();
                if !busy {
                    stream.read_u8().await?;
                    return Ok::<_, io::Error>(End::Renew);
                }
                sleep(Duration::from_secs(1)).await;
            }
        },
    );
    Client::marked(link, STABLE_AFTER)
}
