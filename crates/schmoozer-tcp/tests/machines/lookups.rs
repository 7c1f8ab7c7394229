//! A lookup of the system that hangs does not hold up the end of a program.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::net::IpAddr;
use std::thread;
use std::time::Duration;

use schmoozer_faults::{Answer, NameServer, Question, RecordType};
use schmoozer_tcp::{Dialer, End, TcpConnector};
use tokio::net::{TcpListener, UdpSocket};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
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

/// Counts the threads of this process that look a name up.
fn lookups() -> Result<usize> {
    let mut count = 0;
    for thread in fs::read_dir("/proc/self/task")? {
        // The system cuts the names of threads; one that has ended has none.
        let name = fs::read_to_string(thread?.path().join("comm")).unwrap_or_default();
        count += usize::from("schmoozer-lookup".starts_with(name.trim()) && !name.is_empty());
    }
    Ok(count)
}

/// Row 46: 700 lookups hang in the system's resolver, and one client dials a dead name again and again.
#[test]
fn hung_lookups_have_one_thread_a_name_and_hold_up_no_other() -> Result {
    let test = "lookups::hung_lookups_have_one_thread_a_name_and_hold_up_no_other";
    in_a_host_of_its_own(test, || async {
        let names = NameServer::start_at(([127, 0, 0, 1], 53)).await?;
        names.otherwise(Answer::Drop);
        resolvers_patience(RESOLVERS_PATIENCE)?;
        shell(
            "echo '127.0.0.1 good.example.com' > /mnt/hosts && mount --bind /mnt/hosts /etc/hosts",
        )?;
        let server = TcpListener::bind("127.0.0.1:7000").await?;
        let begun = Instant::now();
        let mut dials = JoinSet::new();
        for nth in 1..=700 {
            let dialer = Dialer::new((format!("{nth}.example.com"), 7_000))?.timeout(None);
            dials.spawn(async move { dialer.dial().await.map(drop) });
            if nth % 50 == 0 {
                // No more at once than the name server's socket holds.
                names.until(|asked| distinct(asked) == nth).await?;
            }
        }
        let dead = Dialer::new("dead.example.com:7000")?.timeout(Duration::from_millis(1));
        for _ in 0..100 {
            let error = dead.dial().await.expect_err("its lookup hangs");
            assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
        }
        names.until(|asked| distinct(asked) == 701).await?;
        let good = Dialer::new("good.example.com:7000")?;
        for _ in 0..3 {
            timeout(SOON, good.dial()).await??;
            // The thread of this name hands over what it found before it ends.
            let handed_over = Instant::now();
            while lookups()? > 701 && handed_over.elapsed() < SOON {
                sleep(Duration::from_millis(1)).await;
            }
            assert_eq!(lookups()?, 701);
        }
        // Whatever was found out was found out while all of them hung.
        assert!(begun.elapsed() < RESOLVERS_PATIENCE);
        assert!(dials.try_join_next().is_none());
        assert_eq!(distinct(&names.questions()), 701);
        let mut all: Vec<_> = names
            .questions()
            .into_iter()
            .map(|it| (it.name, it.record_type))
            .collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count, "a name was looked up twice");
        drop(server);
        Ok(())
    })
}

/// How many names were asked for.
fn distinct(questions: &[Question]) -> usize {
    let names: BTreeSet<&str> = questions.iter().map(|it| it.name.as_str()).collect();
    names.len()
}
