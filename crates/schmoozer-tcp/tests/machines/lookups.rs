//! A lookup of the system that hangs does not hold up the end of a program.

use std::io;
use std::net::IpAddr;
use std::thread;
use std::time::Duration;

use schmoozer_faults::{Answer, NameServer, RecordType};
use schmoozer_tcp::{Dialer, End, TcpConnector};
use tokio::net::{TcpListener, UdpSocket};
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep, timeout};

use crate::network::{in_a_host_of_its_own, shell};
use crate::{Result, checked};

/// How long the system's resolver is told to wait for an answer.
const RESOLVERS_PATIENCE: Duration = Duration::from_secs(30);
/// At once, on a machine that is busy.
const SOON: Duration = Duration::from_secs(3);

/// Has the system's resolver ask 127.0.0.1 for this long, in the mounts of this process.
fn resolvers_patience(patience: Duration) -> Result {
    let seconds = patience.as_secs();
    shell(&format!(
        "mount -t tmpfs none /mnt && \
         printf 'nameserver 127.0.0.1\\noptions timeout:{seconds} attempts:1\\n' > /mnt/resolv.conf && \
         mount --bind /mnt/resolv.conf /etc/resolv.conf"
    ))
    .map(drop)
}

/// Row 43: a name server that drops the questions for IPv6 addresses, so that a lookup takes longer than a dial.
#[test]
#[cfg_attr(
    target_env = "musl",
    ignore = "musl's resolver fails when one family has no answer"
)]
fn a_lookup_that_takes_longer_than_a_dial_serves_a_later_one() -> Result {
    let test = "lookups::a_lookup_that_takes_longer_than_a_dial_serves_a_later_one";
    in_a_host_of_its_own(test, || async {
        let here = IpAddr::from([127, 0, 0, 1]);
        let names = NameServer::start_at((here, 53)).await?;
        names.set("db.example.com", Answer::Drop);
        names.set_for("db.example.com", RecordType::A, Answer::addresses([here]));
        resolvers_patience(Duration::from_secs(2))?;
        let server = TcpListener::bind("127.0.0.1:7000").await?;
        let dialer = Dialer::new("db.example.com:7000")?.timeout(Duration::from_millis(700));
        let begun = Instant::now();
        let mut dials = 1;
        while let Err(error) = dialer.dial().await {
            dials += 1;
            assert!(begun.elapsed() < SOON * 3, "{error}");
        }
        assert!(dials > 2, "the lookup took no longer than a dial");
        drop(server);
        Ok(())
    })
}

/// Row 13: a lookup of the system's that hangs keeps no program alive.
#[test]
fn a_program_ends_at_once_while_the_system_looks_a_name_up() -> Result {
    let test = "lookups::a_program_ends_at_once_while_the_system_looks_a_name_up";
    in_a_host_of_its_own(test, || async {
        let silent = UdpSocket::bind("127.0.0.1:53").await?;
        resolvers_patience(RESOLVERS_PATIENCE)?;
        let begun = Instant::now();
        let program = thread::spawn(|| {
            let runtime = Runtime::new().expect("a runtime");
            let dialer = Dialer::new("db.example.com:5432").expect("a good target");
            let connector = TcpConnector::new(dialer.timeout(None), async |_, _| Ok(End::Exit));
            let ended: io::Result<()> = runtime.block_on(async {
                let soon = sleep(Duration::from_millis(300));
                checked(connector).shutdown(soon).run().await
            });
            // Here a program would end.
            drop(runtime);
            ended
        });
        // Asked, and says nothing.
        timeout(SOON, silent.recv_from(&mut [0; 512])).await??;
        let joined = tokio::task::spawn_blocking(|| program.join());
        timeout(SOON, joined).await??.expect("no panic")?;
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        Ok(())
    })
}
