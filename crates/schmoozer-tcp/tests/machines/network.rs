//! Hosts and a cable between them, made of network namespaces. Needs root and iproute2.

use std::env;
use std::future::{Future, pending};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::MetadataExt;
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use schmoozer_faults::{Behaviour, Peer};
use tokio::net::TcpStream;

use crate::{Result, rerun};

/// Where the other host's echo server listens, in both families.
pub(crate) const THERE_V4: &str = "10.77.0.2:7000";
pub(crate) const THERE_V6: &str = "[fd77::2]:7000";

/// Set to anything, a test fails instead of being skipped when there can be no namespaces.
const REQUIRED: &str = "SCHMOOZER_REQUIRE_NAMESPACES";
const OTHER_HOST: &str = "SCHMOOZER_TEST_OTHER_HOST";

/// Runs the body of `test` on a host that has a loopback interface and nothing else.
pub(crate) fn in_a_host_of_its_own<F>(test: &str, body: impl FnOnce() -> F) -> Result
where
    F: Future<Output = Result>,
{
    if rerun::role().is_some() {
        return rerun::block_on(body);
    }
    let Some(host) = Host::new()? else {
        return Ok(());
    };
    rerun::passes(host.rerun(test, "here")?)
}

/// Runs the body of `test` on a host that a cable joins to one with an echo server.
///
/// The interface is called `cable` on both; the host itself is 10.77.0.1 and `fd77::1`.
pub(crate) fn beside_another_host<F>(test: &str, body: impl FnOnce() -> F) -> Result
where
    F: Future<Output = Result>,
{
    match rerun::role().as_deref() {
        Some("there") => return rerun::block_on(echo_server),
        Some(_) => {
            return rerun::block_on(|| async {
                // The first packets may still be lost, as long as the addresses are settling down.
                TcpStream::connect(THERE_V4).await?;
                TcpStream::connect(THERE_V6).await?;
                body().await
            });
        }
        None => {}
    }
    let (Some(here), Some(there)) = (Host::new()?, Host::new()?) else {
        return Ok(());
    };
    shell(&format!(
        "ip link add cable netns {} type veth peer name cable netns {}",
        here.0, there.0
    ))?;
    for (host, n) in [(&here, 1), (&there, 2)] {
        shell(&format!(
            "ip -n {} address add 10.77.0.{n}/24 dev cable",
            host.0
        ))?;
        shell(&format!(
            "ip -n {} address add fd77::{n}/64 dev cable nodad",
            host.0
        ))?;
        shell(&format!("ip -n {} link set cable up", host.0))?;
    }
    let mut server = Server(there.rerun(test, "there")?.stdout(Stdio::piped()).spawn()?);
    let lines = BufReader::new(server.0.stdout.take().ok_or("the output is piped")?).lines();
    if !lines
        .map_while(io::Result::ok)
        .any(|line| line.contains("ready"))
    {
        return Err("the echo server did not start".into());
    }
    let mut client = here.rerun(test, "here")?;
    client.env(OTHER_HOST, &there.0);
    rerun::passes(client)
}

/// Runs an `ip` command on the other host.
pub(crate) fn ip_there(arguments: &str) -> Result {
    shell(&format!("ip -n {} {arguments}", env::var(OTHER_HOST)?)).map(drop)
}

/// Runs a command on the other host, and returns what it prints.
pub(crate) fn shell_there(command: &str) -> Result<String> {
    shell(&format!(
        "ip netns exec {} {command}",
        env::var(OTHER_HOST)?
    ))
}

/// Runs a shell command, and returns what it prints.
pub(crate) fn shell(command: &str) -> Result<String> {
    let output = Command::new("sh").args(["-c", command]).output()?;
    if !output.status.success() {
        return Err(format!("{command}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// A network namespace, which ends with this.
struct Host(String);

impl Host {
    /// Makes one, or says why there can be none.
    fn new() -> Result<Option<Self>> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let host = Self(format!(
            "schmoozer-{}-{}",
            process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        ));
        let made = match std::fs::metadata("/proc/self")?.uid() {
            0 => shell(&format!(
                "ip netns add {0} && ip -n {0} link set lo up",
                host.0
            )),
            _ => Err("not root".into()),
        };
        match made {
            Ok(_) => Ok(Some(host)),
            Err(reason) if env::var_os(REQUIRED).is_some() => Err(reason),
            Err(reason) => {
                // Not `println!`, whose output is shown for a test that failed alone; on a line of its own.
                writeln!(
                    io::stdout(),
                    "\nskipped: there can be no network namespace: {reason}"
                )?;
                Ok(None)
            }
        }
    }

    fn rerun(&self, test: &str, role: &str) -> Result<Command> {
        rerun::command(&["ip", "netns", "exec", &self.0], test, role)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = Command::new("ip")
            .args(["netns", "delete", &self.0])
            .stderr(Stdio::null())
            .status();
    }
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn echo_server() -> Result {
    // A peer serves one family.
    let _v4 = Peer::start_at((Ipv4Addr::UNSPECIFIED, 7000), Behaviour::Echo).await?;
    let _v6 = Peer::start_at((Ipv6Addr::UNSPECIFIED, 7000), Behaviour::Echo).await?;
    println!("ready");
    pending().await
}
