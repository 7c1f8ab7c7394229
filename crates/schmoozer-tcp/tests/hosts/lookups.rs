//! Names that nobody resolves: a lookup that hangs holds up neither a shutdown nor the end of a program.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use schmoozer_tcp::{DialError, Dialer, Resolve, TcpConnector};
use tokio::net::{TcpStream, UdpSocket};
use tokio::runtime::Runtime;
use tokio::time::{Instant, sleep, timeout};

use crate::network::{in_a_host_of_its_own, shell};
use crate::scripted::{Scripted, Step};
use crate::{Result, checked};

/// How long the system's resolver is told to wait for an answer.
const RESOLVERS_PATIENCE: Duration = Duration::from_secs(30);
/// At once, on a machine that is busy.
const SOON: Duration = Duration::from_secs(3);

fn dialer() -> Dialer {
    let dialer = Dialer::new("db.example.com:5432").expect("a good target");
    dialer.timeout(None)
}

async fn talks(_: TcpStream) -> std::result::Result<(), DialError> {
    Ok(())
}

/// Keeps the connection, until it is told to stop after `time`.
async fn stopped_after<R: Resolve>(dialer: Dialer<R>, time: Duration) -> Result {
    let runner = checked(TcpConnector::new(dialer, talks)).shutdown(sleep(time));
    Ok(runner.run().await?)
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_a_lookup_that_hangs_at_once() -> Result {
    let hangs = Scripted::new([vec![Step::Wait(Duration::from_secs(3_600))]]);
    let resolver = Arc::new(hangs);
    let begun = Instant::now();
    let three = Duration::from_secs(3);
    stopped_after(dialer().resolver(Arc::clone(&resolver)), three).await?;
    assert_eq!(begun.elapsed(), three);
    assert_eq!(resolver.asked(), ["db.example.com:5432"]);
    Ok(())
}

#[test]
fn a_program_ends_at_once_while_the_system_looks_a_name_up() -> Result {
    let test = "lookups::a_program_ends_at_once_while_the_system_looks_a_name_up";
    in_a_host_of_its_own(test, || async {
        let silent = UdpSocket::bind("127.0.0.1:53").await?;
        let seconds = RESOLVERS_PATIENCE.as_secs();
        shell(&format!(
            "mount -t tmpfs none /mnt && \
             printf 'nameserver 127.0.0.1\\noptions timeout:{seconds} attempts:1\\n' > /mnt/resolv.conf && \
             mount --bind /mnt/resolv.conf /etc/resolv.conf"
        ))?;
        let begun = Instant::now();
        let program = thread::spawn(|| {
            let runtime = Runtime::new().expect("a runtime");
            let soon = Duration::from_millis(300);
            let ended = runtime.block_on(stopped_after(dialer(), soon));
            // Here a program would end.
            drop(runtime);
            ended.map_err(|error| error.to_string())
        });
        // Asked, and says nothing.
        timeout(SOON, silent.recv_from(&mut [0; 512])).await??;
        let joined = tokio::task::spawn_blocking(|| program.join());
        timeout(SOON, joined).await??.expect("no panic")?;
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        Ok(())
    })
}
