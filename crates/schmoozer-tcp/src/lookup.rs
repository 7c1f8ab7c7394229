//! The system's lookups, which outlive the dials that wait for them.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{panic, thread};

use tokio::sync::{Semaphore, SemaphorePermit, watch};

use crate::Answers;

/// Lookups that block a thread each: at most one a host.
///
/// Dials of one host share a lookup that runs. What is found when no dial waits any more is kept for the next one.
pub(crate) struct Lookups {
    find: fn(&str) -> io::Result<Vec<SocketAddr>>,
    /// How long an answer is kept that came too late.
    keep: Duration,
    threads: Semaphore,
    hosts: Mutex<Hosts>,
}

type Hosts = BTreeMap<String, Host>;

enum Host {
    Running(watch::Sender<Option<Found>>),
    /// What was found and no dial has taken, and since when it is kept.
    Kept(Vec<SocketAddr>, Instant),
}

/// What all dials that wait share: an error in its parts.
type Found = Result<Vec<SocketAddr>, (ErrorKind, String)>;

impl Lookups {
    /// Has at most `threads` lookups at once. The ports of what is found do not matter.
    pub(crate) const fn new(
        find: fn(&str) -> io::Result<Vec<SocketAddr>>,
        threads: usize,
        keep: Duration,
    ) -> Self {
        Self {
            find,
            keep,
            threads: Semaphore::const_new(threads),
            hosts: Mutex::new(BTreeMap::new()),
        }
    }

    /// Pushes what was found too late for an earlier dial, and then what a lookup finds that ends while this waits.
    pub(crate) async fn resolve(
        &'static self,
        host: &str,
        port: u16,
        answers: &Answers,
    ) -> io::Result<()> {
        let push = |found: Vec<SocketAddr>| {
            for mut addr in found {
                addr.set_port(port);
                answers.push(addr);
            }
        };
        let mut thread = None;
        let mut running = loop {
            if let Some(running) = self.join_or_start(host, thread, push) {
                break running;
            }
            thread = Some(self.threads.acquire().await.map_err(io::Error::other)?);
        };
        let found = running.wait_for(Option::is_some).await;
        self.hosts()
            .retain(|name, it| name != host || !matches!(it, Host::Kept(..)));
        match found.map_err(io::Error::other)?.clone() {
            Some(Err((kind, text))) => return Err(io::Error::new(kind, text)),
            found => found.into_iter().flatten().for_each(push),
        }
        Ok(())
    }

    /// Joins the lookup of a host that runs. If there is none, takes what is kept, and starts one if it has a thread.
    fn join_or_start(
        &'static self,
        host: &str,
        thread: Option<SemaphorePermit<'static>>,
        push: impl Fn(Vec<SocketAddr>),
    ) -> Option<watch::Receiver<Option<Found>>> {
        let mut hosts = self.hosts();
        match hosts.get(host) {
            Some(Host::Running(running)) => return Some(running.subscribe()),
            Some(Host::Kept(found, since)) if since.elapsed() <= self.keep => push(found.clone()),
            _ => {}
        }
        hosts.remove(host);
        let thread = thread?;
        let (sender, receiver) = watch::channel(None);
        hosts.insert(host.to_owned(), Host::Running(sender));
        drop(hosts);
        let name = host.to_owned();
        // Not on a blocking thread of tokio's: a runtime that is dropped waits for those, so that a program
        // that was told to stop would not end while a name server is silent.
        let started = thread::Builder::new()
            .name("schmoozer-lookup".to_owned())
            .spawn(move || {
                let find = self.find;
                let found = panic::catch_unwind(|| find(&name)).unwrap_or_else(|_| {
                    Err(io::Error::other("the thread of the lookup ended early"))
                });
                self.end(&name, found);
                drop(thread);
            });
        if let Err(error) = started {
            let why = format!("no thread could be started for the lookup: {error}");
            self.end(host, Err(io::Error::new(error.kind(), why)));
        }
        Some(receiver)
    }

    /// Hands over what was found, and keeps it until a dial takes it: those that wait may end in this moment.
    fn end(&self, host: &str, found: io::Result<Vec<SocketAddr>>) {
        let mut hosts = self.hosts();
        hosts.retain(|_, it| !matches!(it, Host::Kept(_, since) if since.elapsed() > self.keep));
        let found = found.map_err(|error| (error.kind(), error.to_string()));
        if let Some(Host::Running(running)) = hosts.remove(host) {
            running.send_replace(Some(found.clone()));
        }
        if let Ok(found) = found {
            hosts.insert(host.to_owned(), Host::Kept(found, Instant::now()));
        }
    }

    fn hosts(&self) -> MutexGuard<'_, Hosts> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::time::{sleep, timeout};

    use super::*;

    const KEEP: Duration = Duration::from_secs(30);
    const MS: Duration = Duration::from_millis(1);

    fn local(last: u8) -> Vec<SocketAddr> {
        vec![SocketAddr::from(([127, 0, 0, last], 0))]
    }

    /// Finds another address each time, after some time.
    fn nth(count: &AtomicU32, time: Duration) -> Vec<SocketAddr> {
        let before = count.fetch_add(1, Ordering::Relaxed);
        thread::sleep(time);
        local(u8::try_from(before).unwrap_or(0) + 1)
    }

    /// Looks up as a dial that ends after `limit`, and tells whether that was in time.
    async fn ends_within(limit: Duration, lookups: &'static Lookups, host: &str) -> bool {
        let answers = Answers::default();
        let lookup = lookups.resolve(host, 1, &answers);
        timeout(limit, lookup).await.is_ok()
    }

    fn found(answers: &Answers) -> Vec<String> {
        answers.found().iter().map(ToString::to_string).collect()
    }

    #[tokio::test]
    async fn dials_of_one_host_share_a_lookup() -> io::Result<()> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        static LOOKUPS: Lookups = Lookups::new(
            |_| {
                COUNT.fetch_add(1, Ordering::Relaxed);
                thread::sleep(MS * 100);
                Ok(local(1))
            },
            4,
            KEEP,
        );
        let [first, second, other] = [(); 3].map(|()| Answers::default());
        let results = tokio::join!(
            LOOKUPS.resolve("a", 1, &first),
            LOOKUPS.resolve("a", 2, &second),
            LOOKUPS.resolve("b", 3, &other),
        );
        results.0.and(results.1).and(results.2)?;
        assert_eq!(COUNT.load(Ordering::Relaxed), 2);
        assert_eq!(found(&first), ["127.0.0.1:1"]);
        assert_eq!(found(&second), ["127.0.0.1:2"]);
        assert_eq!(found(&other), ["127.0.0.1:3"]);
        assert!(LOOKUPS.hosts().is_empty());
        Ok(())
    }

    /// Row 43: an answer that comes after its dial serves the next one, once, and that one looks up again as well.
    #[tokio::test]
    async fn a_late_answer_serves_the_next_dial_once() -> io::Result<()> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        static LOOKUPS: Lookups = Lookups::new(|_| Ok(nth(&COUNT, MS * 100)), 4, KEEP);
        let resolve = |answers| LOOKUPS.resolve("late", 1, answers);
        assert!(!ends_within(MS * 20, &LOOKUPS, "late").await);
        sleep(MS * 300).await;
        let second = Answers::default();
        let still_looking = timeout(MS * 20, resolve(&second)).await;
        assert!(still_looking.is_err());
        assert_eq!(found(&second), ["127.0.0.1:1"]);
        // The lookup of the second goes on, and is joined.
        let third = Answers::default();
        resolve(&third).await?;
        assert_eq!(found(&third), ["127.0.0.2:1"]);
        assert_eq!(COUNT.load(Ordering::Relaxed), 2);
        Ok(())
    }

    /// Row 43: the dial that waits ends in the moment in which the answer comes.
    #[tokio::test]
    async fn an_answer_that_its_dial_did_not_take_serves_the_next_one() {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        static LOOKUPS: Lookups = Lookups::new(|_| Ok(nth(&COUNT, MS * 100)), 4, KEEP);
        let answers = Answers::default();
        {
            let mut waiting = std::pin::pin!(LOOKUPS.resolve("late", 1, &answers));
            assert!(timeout(MS * 20, waiting.as_mut()).await.is_err());
            // Found while it waits, and dropped before it is polled again.
            thread::sleep(MS * 300);
        }
        assert!(found(&answers).is_empty());
        let still_looking = timeout(MS * 20, LOOKUPS.resolve("late", 1, &answers)).await;
        assert!(still_looking.is_err());
        assert_eq!(found(&answers), ["127.0.0.1:1"]);
    }

    #[tokio::test]
    async fn a_late_answer_is_not_kept_for_long() -> io::Result<()> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        static LOOKUPS: Lookups =
            Lookups::new(|_| Ok(nth(&COUNT, MS * 50)), 4, Duration::from_millis(100));
        assert!(!ends_within(MS * 10, &LOOKUPS, "late").await);
        sleep(MS * 400).await;
        let answers = Answers::default();
        LOOKUPS.resolve("late", 1, &answers).await?;
        assert_eq!(found(&answers), ["127.0.0.2:1"]);
        Ok(())
    }

    #[tokio::test]
    async fn the_error_says_whether_the_resolver_or_its_thread_failed() {
        static LOOKUPS: Lookups = Lookups::new(
            |host| match host {
                "panics" => panic!("a module of the resolver's"),
                _ => Err(io::Error::new(ErrorKind::NotFound, "no such name")),
            },
            1,
            KEEP,
        );
        let answers = Answers::default();
        for (host, kind, text) in [
            (
                "panics",
                ErrorKind::Other,
                "the thread of the lookup ended early",
            ),
            ("unknown", ErrorKind::NotFound, "no such name"),
        ] {
            for _ in 0..2 {
                let error = LOOKUPS.resolve(host, 1, &answers).await.expect_err(host);
                assert_eq!((error.kind(), error.to_string().as_str()), (kind, text));
            }
        }
        assert!(LOOKUPS.hosts().is_empty());
    }

    /// Row 46: 700 hung lookups of other names, and one client that dials a dead name again and again.
    #[tokio::test]
    async fn hung_lookups_hold_up_no_other_and_have_one_thread_a_name() {
        static HUNG: AtomicU32 = AtomicU32::new(0);
        static GATE: Mutex<()> = Mutex::new(());
        static LOOKUPS: Lookups = Lookups::new(
            |host| {
                if host != "well" {
                    HUNG.fetch_add(1, Ordering::Relaxed);
                    drop(GATE.lock());
                }
                Ok(local(1))
            },
            1_024,
            KEEP,
        );
        let hang = GATE.lock();
        for i in 0..700 {
            let host = format!("{i}.example");
            assert!(!ends_within(Duration::ZERO, &LOOKUPS, &host).await);
        }
        for _ in 0..500 {
            assert!(!ends_within(Duration::ZERO, &LOOKUPS, "dead.example").await);
        }
        assert!(ends_within(MS * 5_000, &LOOKUPS, "well").await);
        drop(hang);
        sleep(MS * 100).await;
        assert_eq!(HUNG.load(Ordering::Relaxed), 701);
    }

    #[tokio::test]
    async fn a_lookup_waits_for_a_thread_when_all_are_taken() {
        static LOOKUPS: Lookups = Lookups::new(
            |host| {
                thread::sleep(if host == "slow" { MS * 200 } else { MS });
                Ok(local(1))
            },
            1,
            KEEP,
        );
        assert!(!ends_within(MS * 20, &LOOKUPS, "slow").await);
        assert!(!ends_within(MS * 20, &LOOKUPS, "next").await);
        assert!(ends_within(MS * 5_000, &LOOKUPS, "next").await);
    }
}
