//! A cable between two hosts, which are network namespaces, is cut.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{Dialer, End, Keepalive, Session, TcpConnector};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use super::dials::STABLE_AFTER;
use super::{Measured, check};
use crate::client::Client;
use crate::process::sh;
use crate::server::dying_with_us;

const HERE: &str = "10.77.0.1";
const THERE: &str = "10.77.0.2";
const PORT: u16 = 7_000;
const DEAD_AFTER: Duration = Duration::from_secs(60);

/// When a byte was sent whose answer has not come.
type Asked = Arc<Mutex<Option<Instant>>>;

/// Serves on the other host until this is killed.
pub(super) async fn there() -> Measured {
    let _peer = Peer::start_at(([0, 0, 0, 0], PORT), Behaviour::Echo).await?;
    println!("ready");
    std::future::pending().await
}

/// What is measured on this host.
pub(super) async fn here() -> Measured {
    let mut other = dying_with_us(Path::new("unshare"), None);
    other.args(["--net", "--"]).arg(std::env::current_exe()?);
    other.args(["--part", "there"]);
    let mut other = other.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let pid = other.id().unwrap_or(0);
    let mut ready = [0; 5];
    if let Some(output) = &mut other.stdout {
        output.read_exact(&mut ready).await?;
    }
    let enter = format!("nsenter --target {pid} --net ip");
    sh(&format!(
        "ip link add cable type veth peer name cable netns {pid} && ip addr add {HERE}/24 dev cable && \
         ip link set cable up && {enter} addr add {THERE}/24 dev cable && {enter} link set cable up"
    ))
    .await?;
    let cut = async || sh(&format!("{enter} link set cable down")).await;
    let mend = async || sh(&format!("{enter} link set cable up")).await;

    let (dialer, asked) = (|| Dialer::new((THERE, PORT)), Asked::default());
    let parts = Keepalive::new()
        .idle(Duration::from_secs(35))
        .interval(Duration::from_secs(4))
        .count(10);
    let parts = run(dialer()?.keepalive(parts).user_timeout(None), None);
    parts.stable(DEAD_AFTER).await?;
    // The last byte came ten seconds ago, and the first probe is sent in two.
    sleep(Duration::from_secs(23)).await;
    cut().await?;
    sleep(Duration::from_secs(8)).await;
    mend().await?;
    sleep(Duration::from_secs(40)).await;
    let lived = parts.end().await.verdict("", 0, 1);
    check(lived.holds, format!("a lost probe: {}", lived.numbers))?;

    let (idle, busy) = (run(dialer()?, None), run(dialer()?, Some(&asked)));
    for client in [&idle, &busy] {
        client.stable(DEAD_AFTER).await?;
    }
    cut().await?;
    let begin = Instant::now();
    let found = async |client: &Client| client.lost(2 * DEAD_AFTER).await.map(|_| Instant::now());
    let (idle_found, busy_found) = tokio::try_join!(found(&idle), found(&busy))?;
    // From then on data was under way that was not acknowledged.
    let since = *asked.lock().unwrap_or_else(PoisonError::into_inner);
    let (idle_found, busy_found) = (idle_found - begin, busy_found - since.unwrap_or(begin));
    mend().await?;
    for client in [&idle, &busy] {
        client.stable(DEAD_AFTER).await?;
    }
    let told =
        idle.end().await.verdict("", 1, 60).holds && busy.end().await.verdict("", 1, 60).holds;
    let measured = format!(
        "one lost probe is survived; a dead peer is found after {:.3} s idle, {:.3} s with data under way",
        idle_found.as_secs_f64(),
        busy_found.as_secs_f64()
    );
    let in_time = idle_found <= DEAD_AFTER && busy_found <= DEAD_AFTER;
    check(told && in_time, measured)
}

/// Exchanges a byte, and then one each second if it is to note when it has `asked`, or waits.
fn run(dialer: Dialer, asked: Option<&Asked>) -> Client {
    let asked = asked.cloned();
    let serve = move |mut stream: TcpStream, session: Session| {
        let asked = asked.clone();
        async move {
            loop {
                if let Some(asked) = &asked {
                    *asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                }
                stream.write_all(b".").await?;
                stream.read_u8().await?;
                session.ready();
                if asked.is_none() {
                    stream.read_u8().await?;
                    return Ok::<_, io::Error>(End::Renew);
                }
                sleep(Duration::from_secs(1)).await;
            }
        }
    };
    Client::marked(TcpConnector::new(dialer, serve), STABLE_AFTER)
}
