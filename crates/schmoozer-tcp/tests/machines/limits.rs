//! What happens when this side runs out of something: it is waited out.

use std::fs::{self, File};
use std::iter;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc;
use std::time::Duration;

use schmoozer_tcp::{DialError, Dialer, End, TcpConnector};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

use crate::network::{in_a_host_of_its_own, shell};
use crate::{Result, checked, rerun};
use socket2::{Domain, Socket, Type};

const DELAY: Duration = Duration::from_millis(10);

/// Dials until a connection is up, with delays, and after the third failure gives back what was used up.
/// Returns the numbers of the system's errors.
async fn waited_out<T: Send + 'static>(dialer: Dialer, used_up: T) -> Result<Vec<Option<i32>>> {
    let (errors, seen) = mpsc::channel();
    let mut used_up = Some(used_up);
    let mut failures = 0;
    let connector = TcpConnector::new(dialer, async |_, _| std::io::Result::Ok(End::Exit))
        .retry([DELAY; 20])
        .retry_if(move |failure| {
            failures += 1;
            used_up = used_up.take().filter(|_| failures < 3);
            let number = DialError::find_in(&failure.cause)
                .and_then(|error| error.tried().first())
                .and_then(|tried| tried.error.raw_os_error());
            errors.send((Instant::now(), number)).is_ok()
        });
    timeout(Duration::from_secs(5), checked(connector).run()).await??;
    let (moments, numbers): (Vec<_>, Vec<_>) = seen.try_iter().unzip();
    for pair in moments.windows(2) {
        assert!(pair[1] - pair[0] >= DELAY, "{:?}", pair[1] - pair[0]);
    }
    Ok(numbers)
}

/// Connects until there is no local port left; the connections leave nothing behind when dropped.
async fn all_ports(server: SocketAddr) -> Result<Vec<TcpStream>> {
    let mut streams = Vec::new();
    while let Ok(stream) = TcpStream::connect(server).await {
        stream.set_zero_linger()?;
        streams.push(stream);
    }
    Ok(streams)
}

/// Row 18: out of file descriptors.
#[test]
fn being_out_of_descriptors_is_waited_out() -> Result {
    if rerun::role().is_none() {
        let few = ["sh", "-c", "ulimit -n 40; exec \"$@\"", "sh"];
        return rerun::passes(rerun::command(
            &few,
            "limits::being_out_of_descriptors_is_waited_out",
            "few",
        )?);
    }
    rerun::block_on(|| async {
        let server = TcpListener::bind("127.0.0.1:0").await?;
        let all: Vec<File> = iter::from_fn(|| File::open("/dev/null").ok())
            .take(1_000)
            .collect();
        assert!(all.len() < 40);
        let errors = waited_out(Dialer::new(server.local_addr()?)?, all).await?;
        assert_eq!(errors, [Some(24); 3]);
        Ok(())
    })
}

/// Lets this process have as much memory as it has, and so much more; or what it likes.
fn limit_memory(more: Option<u64>) -> Result {
    let status = fs::read_to_string("/proc/self/status")?;
    let size = status
        .lines()
        .find_map(|line| line.strip_prefix("VmSize:")?.split_whitespace().next());
    let size: u64 = size.ok_or("there is no size")?.parse()?;
    let limit = match more {
        Some(more) => (size * 1_024 + more).to_string(),
        None => "unlimited".to_owned(),
    };
    let id = std::process::id();
    shell(&format!("prlimit --pid {id} --as={limit}:")).map(drop)
}

/// Row 46: a lookup gets no thread, for want of memory for its stack: the error says so, and it is waited out.
#[test]
fn a_lookup_that_gets_no_thread_is_waited_out() -> Result {
    if rerun::role().is_none() {
        let test = "limits::a_lookup_that_gets_no_thread_is_waited_out";
        return rerun::passes(rerun::command(&["env"], test, "little memory")?);
    }
    rerun::block_on(|| async {
        let server = TcpListener::bind("127.0.0.1:0").await?;
        let (causes, seen) = mpsc::channel();
        let dialer = Dialer::new(("localhost", server.local_addr()?.port()))?;
        let target = dialer.targets()[0].to_string();
        let exit = async |_, _| std::io::Result::Ok(End::Exit);
        let connector =
            TcpConnector::new(dialer, exit)
                .retry([DELAY; 20])
                .retry_if(move |failure| {
                    let is_third = failure.attempt == 3;
                    let told = causes.send(failure.cause.to_string());
                    told.is_ok() && (!is_third || limit_memory(None).is_ok())
                });
        // A stack takes 2 MiB.
        limit_memory(Some(1 << 20))?;
        timeout(Duration::from_secs(5), checked(connector).run()).await??;
        let eagain = std::io::Error::from_raw_os_error(11);
        let why = format!(
            "could not resolve {target}: no thread could be started for the lookup: {eagain}"
        );
        assert_eq!(seen.try_iter().collect::<Vec<_>>(), [&*why; 3]);
        Ok(())
    })
}

/// Row 19: out of local ports.
#[test]
fn being_out_of_local_ports_is_waited_out() -> Result {
    in_a_host_of_its_own("limits::being_out_of_local_ports_is_waited_out", || async {
        shell("echo 40000 40003 > /proc/sys/net/ipv4/ip_local_port_range")?;
        let server = TcpListener::bind("127.0.0.1:9000").await?;
        let addr = server.local_addr()?;
        let dialer = Dialer::new(addr)?;
        let all = all_ports(addr).await?;
        assert_eq!(all.len(), 4);
        assert_eq!(waited_out(dialer.clone(), all).await?, [Some(99); 3]);

        let bound = dialer.local_addr(IpAddr::from([127, 0, 0, 1]));
        let all = all_ports(addr).await?;
        assert_eq!(waited_out(bound, all).await?, [Some(99); 3]);
        Ok(())
    })
}

#[test]
fn connections_to_several_servers_share_the_ports_of_a_local_address() -> Result {
    let test = "limits::connections_to_several_servers_share_the_ports_of_a_local_address";
    in_a_host_of_its_own(test, || async {
        shell("echo 40000 40003 > /proc/sys/net/ipv4/ip_local_port_range")?;
        let mut streams = Vec::new();
        for host in ["127.0.0.1:9000", "[::1]:9000"] {
            let first = TcpListener::bind(host).await?;
            let addr = first.local_addr()?;
            let second = TcpListener::bind((addr.ip(), 9_001)).await?;
            for server in [&first, &second] {
                let dialer = Dialer::new(server.local_addr()?)?.local_addr(addr.ip());
                for _ in 0..4 {
                    streams.push(dialer.dial().await?);
                }
                dialer.dial().await.expect_err("there is no port left");
            }
        }
        assert_eq!(streams.len(), 16);
        Ok(())
    })
}

#[test]
fn a_connection_to_itself_is_none() -> Result {
    in_a_host_of_its_own("limits::a_connection_to_itself_is_none", || async {
        shell("echo 40000 40000 > /proc/sys/net/ipv4/ip_local_port_range")?;
        let nobody = SocketAddr::from(([127, 0, 0, 1], 40_000));
        let itself = TcpStream::connect(nobody).await?;
        assert_eq!(itself.local_addr()?, itself.peer_addr()?);
        itself.set_zero_linger()?;
        drop(itself);

        let error = Dialer::new(nobody)?
            .dial()
            .await
            .expect_err("nobody listens there");
        assert_eq!(
            error.to_string(),
            "could not connect to 127.0.0.1:40000: refused (the connection met itself)"
        );
        assert!(error.is_transient());
        // The server may start at once: no connection is in TIME_WAIT there.
        Socket::new(Domain::IPV4, Type::STREAM, None)?.bind(&nobody.into())?;

        shell("echo 40001 40001 > /proc/sys/net/ipv4/ip_local_port_range")?;
        let this_host = SocketAddr::from(([0, 0, 0, 0], 40_001));
        let error = Dialer::new(this_host)?.dial().await;
        assert_eq!(
            error.expect_err("nobody listens there").to_string(),
            "could not connect to 0.0.0.0:40001: refused (the connection met itself)"
        );

        // From the same port of another address it is one.
        shell("echo 40002 40002 > /proc/sys/net/ipv4/ip_local_port_range")?;
        let somebody = SocketAddr::from(([127, 0, 0, 2], 40_002));
        let _server = TcpListener::bind(somebody).await?;
        let from = SocketAddr::from(([127, 0, 0, 1], 40_002));
        let dialer =
            Dialer::new(somebody)?.before_connect(move |socket, _| socket.bind(&from.into()));
        assert_eq!(dialer.dial().await?.local_addr()?, from);
        Ok(())
    })
}
