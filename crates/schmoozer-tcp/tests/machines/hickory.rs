//! `HickoryResolver` follows the system's configuration, and asks no name server for what this host knows.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context as _;
use schmoozer_faults::{Answer, NameServer, RecordType};
use schmoozer_tcp::{DialError, Dialer, End, HickoryResolver, TcpConnector};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};

use crate::network::{in_a_host_of_its_own, shell};
use crate::{Result, checked};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SOON: Duration = Duration::from_secs(1);

/// Writes what is in `/etc/resolv.conf` or `/etc/hosts`, in the mounts of this process.
fn etc(file: &str, text: &str) -> Result {
    shell(&format!(
        "mountpoint -q /mnt || mount -t tmpfs none /mnt; printf '{text}' > /mnt/{file}; \
         mountpoint -q /etc/{file} || mount --bind /mnt/{file} /etc/{file}"
    ))
    .map(drop)
}

fn dialer(target: &str) -> Result<Dialer> {
    let dialer = Dialer::new(target)?.resolver(HickoryResolver::system());
    Ok(dialer.timeout(SOON))
}

/// Row 50: no name server at the start, then one that is dead, then one that is well.
#[test]
fn a_changed_configuration_is_seen_at_the_next_dial() -> Result {
    let test = "hickory::a_changed_configuration_is_seen_at_the_next_dial";
    in_a_host_of_its_own(test, || async {
        etc("resolv.conf", "")?;
        let names = NameServer::start_at(([127, 0, 0, 2], 53)).await?;
        names.otherwise(Answer::addresses([HERE]));
        let _server = TcpListener::bind((HERE, 7_000)).await?;
        let dialer = dialer("db.example.com:7000")?;
        let error = dialer.dial().await.expect_err("there is no name server");
        assert!(matches!(error, DialError::Resolve { .. }), "{error:?}");
        etc("resolv.conf", "nameserver 127.0.0.3\\n")?;
        dialer.dial().await.expect_err("none listens there");
        etc("resolv.conf", "nameserver 127.0.0.2\\n")?;
        assert_eq!(dialer.dial().await?.peer_addr()?.ip(), HERE);
        Ok(())
    })
}

/// Row 50: no configuration at the start, then one without a name server: each is an attempt that fails, until there is one.
#[test]
fn a_start_without_a_name_server_is_an_attempt_that_fails() -> Result {
    let test = "hickory::a_start_without_a_name_server_is_an_attempt_that_fails";
    in_a_host_of_its_own(test, || async {
        // There is nothing at all in it.
        shell("mount -t tmpfs none /etc")?;
        let configure = |text: &str| std::fs::write("/etc/resolv.conf", text);
        let names = NameServer::start_at((HERE, 53)).await?;
        names.otherwise(Answer::addresses([HERE]));
        let _server = TcpListener::bind((HERE, 7_000)).await?;
        let (causes, seen) = mpsc::channel();
        let exit = async |_, _| std::io::Result::Ok(End::Exit);
        let connector = TcpConnector::new(dialer("db.example.com:7000")?, exit)
            .retry([Duration::from_millis(10); 20])
            .retry_if(move |failure| {
                let next = match failure.attempt {
                    2 => configure("search example.com\n"),
                    4 => configure("nameserver 127.0.0.1\n"),
                    _ => Ok(()),
                };
                causes.send(failure.cause.to_string()).is_ok() && next.is_ok()
            });
        timeout(SOON * 5, checked(connector).run()).await??;
        let seen: Vec<_> = seen.try_iter().collect();
        assert_eq!(seen.len(), 4, "{seen:?}");
        let why =
            "could not resolve db.example.com:7000: the system's configuration of name servers";
        assert!(seen.iter().all(|cause| cause.starts_with(why)), "{seen:?}");
        assert_ne!(seen[1], seen[2]);
        assert_eq!(names.questions().len(), 2, "both families, once");
        Ok(())
    })
}

/// Row 50: what only other systems or later versions know is left out, and so is what is wrong.
#[test]
fn what_is_unknown_in_the_configuration_is_skipped() -> Result {
    let test = "hickory::what_is_unknown_in_the_configuration_is_skipped";
    in_a_host_of_its_own(test, || async {
        let names = NameServer::start_at((HERE, 53)).await?;
        let late = Duration::from_millis(100);
        names.set("db.two.test", Answer::addresses([HERE]).after(late));
        let _server = TcpListener::bind((HERE, 7_000)).await?;
        let (server, list) = ("nameserver 127.0.0.1\n", "search two.test\n");
        for text in [
            format!("nameserver dns.test\n{server}{list}"),
            format!("nameserver\n{server}{list}"),
            format!("nameserver 127.0.0.1 and others\n{list}"),
            format!("{list}{server}options strict-error reload-period:1 no-aaaa\n"),
            format!("{list}{server}options ndots:many timeout:-1 attempts:1 timeout:0\n"),
            format!("{server}search one..test two.test\n"),
            format!("{server}{list}domain\nport 53\n\n# a comment\n\t; another\n"),
            format!("{server}{list}lookup: file\noptions timeout:0\n"),
            format!("{server}{list}options timeout:2 # ndots:0\noptions attempts:0 ; ndots:0\n"),
            format!("domain two.test\n{server}").replace('\n', "\r\n"),
            format!("search one.test\n{server}{list}nameserver fe80::1%%none\n"),
        ] {
            etc("resolv.conf", &text)?;
            let dialer = dialer("db:7000")?.timeout(SOON * 4);
            let stream = dialer.dial().await.context(text)?;
            assert_eq!(stream.peer_addr()?.ip(), HERE);
        }
        etc(
            "resolv.conf",
            "nameserver dns.test\n# nameserver 127.0.0.1\n",
        )?;
        let error = dialer("db:7000")?.dial().await.expect_err("no name server");
        let why = "could not resolve db:7000: the system's configuration of name servers: \
                   there is no name server to ask";
        assert_eq!(error.to_string(), why);
        // A word that is skipped takes no other with it: with two dots to reach, the list goes first.
        let two_dots = format!("{server}{list}options strict-error ndots:2\n");
        etc("resolv.conf", &two_dots)?;
        let from = names.questions().len();
        dialer("db.x:7000")?.dial().await.expect_err("no such name");
        assert_eq!(names.questions()[from].name, "db.x.two.test");
        Ok(())
    })
}

/// Row 50: the other names of a search list may be those of other hosts.
#[test]
fn both_families_are_those_of_one_name() -> Result {
    let test = "hickory::both_families_are_those_of_one_name";
    in_a_host_of_its_own(test, || async {
        let list = "search one.test two.test three.test\nnameserver 127.0.0.1\n";
        etc("resolv.conf", list)?;
        let names = NameServer::start_at((HERE, 53)).await?;
        names.set_for("db.two.test", RecordType::A, Answer::addresses([HERE]));
        names.set("db.three.test", Answer::addresses([Ipv6Addr::LOCALHOST]));
        let _right = TcpListener::bind((HERE, 7_000)).await?;
        let _wrong = TcpListener::bind((Ipv6Addr::LOCALHOST, 7_000)).await?;
        for _ in 0..3 {
            assert_eq!(dialer("db:7000")?.dial().await?.peer_addr()?.ip(), HERE);
        }
        let asked = names.questions();
        let is_wrong = |name: &str| name == "db.three.test" || name == "db";
        assert!(
            asked.iter().all(|asked| !is_wrong(&asked.name)),
            "{asked:?}"
        );
        Ok(())
    })
}

/// Rows 43, 50: while it is unknown whether the first name of a search list exists, no other name is dialed.
#[test]
fn a_silent_name_server_does_not_lead_to_another_name() -> Result {
    let test = "hickory::a_silent_name_server_does_not_lead_to_another_name";
    in_a_host_of_its_own(test, || async {
        etc("resolv.conf", "search one.test\nnameserver 127.0.0.1\n")?;
        let names = NameServer::start_at((HERE, 53)).await?;
        let _server = TcpListener::bind((HERE, 7_000)).await?;
        let dialer = dialer("db:7000")?;
        names.set("db.one.test", Answer::Drop);
        names.set("db", Answer::addresses([HERE]));
        let error = dialer.dial().await.expect_err("no name server answers");
        let why = "could not resolve db:7000: no name server answered in time";
        assert_eq!(error.to_string(), why);
        // What drops one family denies the name with the other.
        names.set_for("db.one.test", RecordType::A, Answer::no_such_name());
        assert_eq!(dialer.dial().await?.peer_addr()?.ip(), HERE);
        // One that could not be asked for says more than one that does not exist.
        names.set("db.one.test", Answer::ServerFailure);
        names.set("db", Answer::no_such_name());
        let error = dialer.dial().await.expect_err("the name server fails");
        assert!(error.to_string().contains("(response code 2)"), "{error}");
        Ok(())
    })
}

/// Row 50: an IPv6 router names itself so.
#[test]
fn a_name_server_with_a_zone_is_asked() -> Result {
    let test = "hickory::a_name_server_with_a_zone_is_asked";
    in_a_host_of_its_own(test, || async {
        shell("ip address add fe80::1/64 dev lo nodad")?;
        etc("resolv.conf", "nameserver fe80::1%%none\n")?;
        let dialer = dialer("db.example.com:7000")?;
        let error = dialer.dial().await.expect_err("there is no such zone");
        let why =
            "could not resolve db.example.com:7000: the system's configuration of name servers";
        assert!(error.to_string().starts_with(why), "{error}");
        let names = loop {
            let addr: SocketAddr = "[fe80::1%1]:53".parse()?;
            match NameServer::start_at(addr).await {
                Err(error) if error.kind() == ErrorKind::AddrNotAvailable => {
                    sleep(Duration::from_millis(10)).await;
                }
                started => break started?,
            }
        };
        names.otherwise(Answer::addresses([HERE]));
        let _server = TcpListener::bind((HERE, 7_000)).await?;
        etc("resolv.conf", "nameserver fe80::1%%lo\n")?;
        assert_eq!(dialer.dial().await?.peer_addr()?.ip(), HERE);
        assert_eq!(names.questions().len(), 2, "both families, once");
        Ok(())
    })
}

/// Row 50: all names of a search list are asked for, twice if need be, before the dial's time is over.
#[test]
fn a_search_list_fits_into_a_dial() -> Result {
    let test = "hickory::a_search_list_fits_into_a_dial";
    in_a_host_of_its_own(test, || async {
        etc(
            "resolv.conf",
            "search one.test two.test three.test\nnameserver 127.0.0.1\noptions timeout:30 attempts:5\n",
        )?;
        let names = NameServer::start_at((HERE, 53)).await?;
        let asked = |from: usize| {
            let mut counts = BTreeMap::new();
            for question in &names.questions()[from..] {
                *counts.entry(question.name.clone()).or_insert(0) += 1;
            }
            counts
        };
        let limit = SOON * 2;
        let dialer = dialer("db:7000")?.timeout(limit);
        let all = ["db", "db.one.test", "db.three.test", "db.two.test"];
        let fails = async || {
            let (from, begun) = (names.questions().len(), Instant::now());
            let error = dialer.dial().await.expect_err("no name server answers");
            assert!(begun.elapsed() < limit, "{:?}", begun.elapsed());
            assert_eq!(
                error.to_string(),
                "could not resolve db:7000: no name server answered in time"
            );
            asked(from)
        };
        // Silent, and so slow that no answer is in time.
        for answer in [Answer::Drop, Answer::addresses([HERE]).after(limit)] {
            names.otherwise(answer);
            assert_eq!(fails().await, [("db.one.test".to_owned(), 4)].into());
        }
        // Silent for one family.
        for name in all {
            names.set_for(name, RecordType::Aaaa, Answer::Drop);
            names.set_for(name, RecordType::A, Answer::no_such_name());
        }
        let thrice = all.map(|name| (name.to_owned(), 3));
        assert_eq!(fails().await, thrice.into());
        // Slow, but in time: the last name of the list is the good one.
        let _server = TcpListener::bind((HERE, 7_000)).await?;
        for name in all {
            names.set(name, Answer::no_such_name().after(limit / 20));
        }
        names.set("db.three.test", Answer::addresses([HERE]).after(limit / 20));
        assert_eq!(dialer.dial().await?.peer_addr()?.ip(), HERE);
        Ok(())
    })
}

/// Row 50: names of the hosts file, an IPv4-only one too, are not asked for, and one that is added is seen.
#[test]
fn a_name_of_the_hosts_file_is_not_asked_for() -> Result {
    let test = "hickory::a_name_of_the_hosts_file_is_not_asked_for";
    in_a_host_of_its_own(test, || async {
        etc("resolv.conf", "nameserver 127.0.0.1\\n")?;
        etc("hosts", "127.0.0.2 one.example\\n")?;
        let names = NameServer::start_at(([127, 0, 0, 1], 53)).await?;
        names.otherwise(Answer::Drop);
        let begun = Instant::now();
        for name in ["one.example:7000", "localhost:7000"] {
            let error = dialer(name)?.dial().await.expect_err("none listens there");
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}");
        }
        assert!(begun.elapsed() < SOON / 2, "{:?}", begun.elapsed());
        let other = dialer("other.example:7000")?;
        other.dial().await.expect_err("the name server is silent");
        etc("hosts", "127.0.0.2 other.example\\n")?;
        let error = other.dial().await.expect_err("none listens there");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}");
        Ok(())
    })
}

/// Row 50: a zone is a name that this host alone knows, in the hosts file too.
#[test]
fn a_zone_is_not_asked_for() -> Result {
    let test = "hickory::a_zone_is_not_asked_for";
    in_a_host_of_its_own(test, || async {
        etc("resolv.conf", "")?;
        etc(
            "hosts",
            "fe80::1%%none zoned.test\\nfe80::1%%lo zoned.test\\n",
        )?;
        shell("ip address add fe80::1/64 dev lo nodad")?;
        let server = loop {
            match TcpListener::bind("[fe80::1%1]:7000").await {
                Err(error) if error.kind() == ErrorKind::AddrNotAvailable => {
                    sleep(Duration::from_millis(10)).await;
                }
                bound => break bound?,
            }
        };
        for target in ["[fe80::1%lo]:7000", "zoned.test:7000"] {
            let dialer = dialer(target)?;
            let begun = Instant::now();
            let stream = loop {
                match dialer.dial().await.map_err(std::io::Error::from) {
                    // As long as the route is not there, or loses the first packet.
                    Err(error)
                        if matches!(
                            error.kind(),
                            ErrorKind::NetworkUnreachable | ErrorKind::TimedOut
                        ) =>
                    {
                        assert!(begun.elapsed() < SOON * 5, "{error}");
                    }
                    outcome => break outcome?,
                }
            };
            assert_eq!(stream.peer_addr()?.ip(), server.local_addr()?.ip());
        }
        Ok(())
    })
}
