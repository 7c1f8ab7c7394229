//! The system's lookups, which outlive the dials that wait for them.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

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
    hosts: Mutex<BTreeMap<Arc<str>, Host>>,
}

#[derive(Default)]
struct Host {
    running: Option<watch::Sender<Option<Found>>>,
    kept: Option<(Instant, Arc<[SocketAddr]>)>,
}

type Found = Result<Arc<[SocketAddr]>, Arc<io::Error>>;

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
        let push = |found: Arc<[SocketAddr]>| {
            for mut addr in found.iter().copied() {
                addr.set_port(port);
                answers.push(addr);
            }
        };
        if let Some(kept) = self.take_kept(host) {
            push(kept);
        }
        let mut running = if let Some(running) = self.join(host) {
            running
        } else {
            let thread = self.threads.acquire().await.map_err(io::Error::other)?;
            self.join_or_start(host, thread)?
        };
        let found = running.wait_for(Option::is_some).await;
        let found = found.map_err(|_| io::Error::other("the thread of the lookup ended early"))?;
        match found.clone() {
            Some(Ok(found)) => push(found),
            // The error itself is shared by all dials that wait.
            Some(Err(error)) => return Err(io::Error::new(error.kind(), error.to_string())),
            None => {}
        }
        Ok(())
    }

    fn take_kept(&self, host: &str) -> Option<Arc<[SocketAddr]>> {
        let (since, found) = self.hosts().get_mut(host)?.kept.take()?;
        (since.elapsed() <= self.keep).then_some(found)
    }

    fn join(&self, host: &str) -> Option<watch::Receiver<Option<Found>>> {
        let hosts = self.hosts();
        Some(hosts.get(host)?.running.as_ref()?.subscribe())
    }

    fn join_or_start(
        &'static self,
        host: &str,
        thread: SemaphorePermit<'static>,
    ) -> io::Result<watch::Receiver<Option<Found>>> {
        let name: Arc<str> = host.into();
        let receiver = {
            let mut hosts = self.hosts();
            let running = &mut hosts.entry(Arc::clone(&name)).or_default().running;
            if let Some(running) = running {
                return Ok(running.subscribe());
            }
            let (sender, receiver) = watch::channel(None);
            *running = Some(sender);
            receiver
        };
        let mut lookup = Running {
            lookups: self,
            host: name,
            has_ended: false,
            _thread: thread,
        };
        // Not on a blocking thread of tokio's: a runtime that is dropped waits for those, so that a program
        // that was told to stop would not end while a name server is silent.
        let started = thread::Builder::new()
            .name("schmoozer-lookup".to_owned())
            .spawn(move || {
                let found = (self.find)(&lookup.host);
                lookup.end(found);
            });
        match started {
            Ok(_) => Ok(receiver),
            Err(error) => {
                let why = format!("no thread could be started for the lookup: {error}");
                Err(io::Error::new(error.kind(), why))
            }
        }
    }

    fn hosts(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lookup in its thread. When that ends, also by a panic, the next lookup of the host may start.
struct Running {
    lookups: &'static Lookups,
    host: Arc<str>,
    has_ended: bool,
    _thread: SemaphorePermit<'static>,
}

impl Running {
    /// Hands over what was found, or keeps it when no dial waits for it any more.
    fn end(&mut self, found: io::Result<Vec<SocketAddr>>) {
        let keep = self.lookups.keep;
        let mut hosts = self.lookups.hosts();
        self.has_ended = true;
        hosts.retain(|_, host| {
            let fresh = |(since, _): &(Instant, _)| since.elapsed() <= keep;
            host.running.is_some() || host.kept.as_ref().is_some_and(fresh)
        });
        let Some(running) = hosts.remove(&self.host).and_then(|host| host.running) else {
            return;
        };
        let found = found.map(Arc::<[_]>::from).map_err(Arc::new);
        if running.receiver_count() > 0 {
            running.send_replace(Some(found));
        } else if let Ok(found) = found {
            let late = Host {
                running: None,
                kept: Some((Instant::now(), found)),
            };
            hosts.insert(Arc::clone(&self.host), late);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.has_ended {
            self.lookups.hosts().remove(&self.host);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::time::{sleep, timeout};

    use super::*;

    const KEEP: Duration = Duration::from_secs(30);
    const MS: Duration = Duration::from_millis(1);

    fn local(last: u8) -> Vec<SocketAddr> {
        vec![SocketAddr::from(([127, 0, 0, last], 0))]
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
        static LOOKUPS: Lookups = Lookups::new(
            |_| {
                let count = COUNT.fetch_add(1, Ordering::Relaxed);
                thread::sleep(MS * 100);
                Ok(local(u8::try_from(count).unwrap_or(0) + 1))
            },
            4,
            KEEP,
        );
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

    #[tokio::test]
    async fn a_late_answer_is_not_kept_for_long() -> io::Result<()> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        static LOOKUPS: Lookups = Lookups::new(
            |_| {
                let count = COUNT.fetch_add(1, Ordering::Relaxed);
                thread::sleep(MS * 50);
                Ok(local(u8::try_from(count).unwrap_or(0) + 1))
            },
            4,
            Duration::from_millis(100),
        );
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
