//! Networks that lose packets, lose the way, or lose the other side.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use schmoozer_tcp::{Dialer, End, Keepalive, Session, TcpConnector};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval, sleep, timeout};

use super::listed::Listed;
use crate::kernel::{State, sockets_in, sockets_to};
use crate::network::{THERE_V4, THERE_V6, beside_another_host, ip_there, shell, shell_there};
use crate::{Result, checked};

const SECOND: Duration = Duration::from_secs(1);
const TENTH: Duration = Duration::from_millis(100);
/// How much later than planned the quickest of three dials may be.
const CLOSE: Duration = Duration::from_millis(20);
/// Longer than any of these tests waits for.
const NEVER: Duration = Duration::from_secs(600);

/// What became of a connection.
#[derive(Debug)]
enum Event {
    Connected,
    Lost(ErrorKind),
}

/// Cuts the cable of an established connection, and tells after how long the loss was noticed. Then
/// mends it, and waits for the next connection.
async fn cut_and_mended(dialer: Dialer, talks: bool) -> Result<Duration> {
    let (events, mut seen) = mpsc::unbounded_channel();
    let handler = move |stream: TcpStream, _: Session| {
        let events = events.clone();
        async move {
            let _ = events.send(Event::Connected);
            let error = if talks {
                talk(stream).await
            } else {
                listen(stream).await
            };
            let _ = events.send(Event::Lost(error.kind()));
            Err::<End, _>(error)
        }
    };
    let connector = TcpConnector::new(dialer.timeout(SECOND), handler).retry(vec![TENTH; 1_000]);
    let kept = tokio::spawn(async move { checked(connector).run().await });
    let mut next = async || {
        timeout(SECOND * 60, seen.recv())
            .await
            .ok()
            .flatten()
            .ok_or("no event in a minute")
    };

    assert!(matches!(next().await?, Event::Connected));
    let cut = Instant::now();
    ip_there("link set cable down")?;
    let lost = next().await?;
    let noticed = cut.elapsed();
    let Event::Lost(kind) = lost else {
        return Err(format!("{lost:?}").into());
    };
    assert!(
        matches!(kind, ErrorKind::TimedOut | ErrorKind::HostUnreachable),
        "{kind:?}"
    );
    ip_there("link set cable up")?;
    assert!(matches!(next().await?, Event::Connected));
    kept.abort();
    Ok(noticed)
}

async fn listen(mut stream: TcpStream) -> io::Error {
    match stream.read(&mut [0]).await {
        Ok(_) => ErrorKind::UnexpectedEof.into(),
        Err(error) => error,
    }
}

/// Asks and reads the answer, again and again, until the read fails; a write that fails is another error.
async fn talk(mut stream: TcpStream) -> io::Error {
    let question = b"still there?";
    loop {
        if let Err(error) = stream.write_all(question).await {
            return io::Error::other(error);
        }
        if let Err(error) = stream.read_exact(&mut [0; 12]).await {
            return error;
        }
        sleep(TENTH).await;
    }
}

fn seconds(range: Range<u64>) -> Range<Duration> {
    Duration::from_secs(range.start)..Duration::from_secs(range.end)
}

/// Row 14: a half-open peer, idle.
#[test]
fn a_cut_cable_is_noticed_on_an_idle_connection() -> Result {
    beside_another_host(
        "bad_network::a_cut_cable_is_noticed_on_an_idle_connection",
        || async {
            let keepalive = Keepalive::new().idle(SECOND).interval(SECOND).count(2);
            let dialer = Dialer::new(THERE_V4)?
                .keepalive(keepalive)
                .user_timeout(None);
            let noticed = cut_and_mended(dialer, false).await?;
            assert!(seconds(2..4).contains(&noticed), "{noticed:?}");
            Ok(())
        },
    )
}

/// Row 14: a half-open peer, with data under way.
#[test]
fn a_cut_cable_is_noticed_while_data_is_under_way() -> Result {
    beside_another_host(
        "bad_network::a_cut_cable_is_noticed_while_data_is_under_way",
        || async {
            let dialer = Dialer::new(THERE_V4)?
                .keepalive(None)
                .user_timeout(SECOND * 2);
            let noticed = cut_and_mended(dialer, true).await?;
            // Linux looks when it sends again, and here there is up to half a second between two times.
            assert!(seconds(2..4).contains(&noticed), "{noticed:?}");
            Ok(())
        },
    )
}

/// Row 14: a half-open peer, with the defaults.
#[test]
fn one_setting_bounds_an_idle_connection_and_one_with_data_under_way() -> Result {
    beside_another_host(
        "bad_network::one_setting_bounds_an_idle_connection_and_one_with_data_under_way",
        || async {
            let dialer = Dialer::new(THERE_V4)?.dead_after(SECOND * 4);
            for talks in [false, true] {
                let noticed = cut_and_mended(dialer.clone(), talks).await?;
                assert!(seconds(3..7).contains(&noticed), "{noticed:?}");
            }
            Ok(())
        },
    )
}

/// Row 49: a keepalive that is set by its parts sends as many probes as it says, though `dead_after` is shorter.
#[test]
fn a_keepalive_of_its_own_outlasts_a_cut_that_is_shorter_than_it_takes() -> Result {
    let test = "bad_network::a_keepalive_of_its_own_outlasts_a_cut_that_is_shorter_than_it_takes";
    beside_another_host(test, || async {
        let keepalive = Keepalive::new().idle(SECOND).interval(SECOND).count(8);
        let dialer = Dialer::new(THERE_V4)?
            .dead_after(SECOND * 2)
            .keepalive(keepalive);
        let mut stream = dialer.dial().await?;
        ip_there("link set cable down")?;
        let early = timeout(SECOND * 5, stream.read(&mut [0])).await;
        assert!(early.is_err(), "{early:?}");
        ip_there("link set cable up")?;
        // Idle for longer than the keepalive takes: it is the probes that keep it.
        sleep(SECOND * 6).await;
        stream.write_all(b"still there?").await?;
        timeout(SECOND * 5, stream.read_exact(&mut [0; 12])).await??;
        Ok(())
    })
}

/// Row 15: no route, then a route.
#[test]
fn a_network_that_cannot_be_reached_is_waited_for() -> Result {
    beside_another_host(
        "bad_network::a_network_that_cannot_be_reached_is_waited_for",
        || async {
            ip_there("address add 10.88.0.1/32 dev lo")?;
            let mut failures = 0;
            let connector = TcpConnector::new(Dialer::new("10.88.0.1:7000")?, async |_, _| {
                io::Result::Ok(End::Exit)
            })
            .retry(vec![TENTH; 1_000])
            .retry_if(move |failure| {
                failures += 1;
                let way = "ip route add 10.88.0.1 via 10.77.0.2";
                let found = failures != 3 || shell(way).is_ok();
                found && failure.cause.kind() == ErrorKind::NetworkUnreachable
            });
            Ok(timeout(SECOND * 5, checked(connector).run()).await??)
        },
    )
}

/// Row 10: dead IPv6, good IPv4, in a network.
#[test]
fn a_dead_ipv6_address_costs_one_stagger() -> Result {
    beside_another_host(
        "bad_network::a_dead_ipv6_address_costs_one_stagger",
        || async {
            let dead = ["[fd77::dead]:7000".parse()?, "[fd77::beef]:7000".parse()?];
            let good = THERE_V4.parse()?;
            let addrs = [dead[0], dead[1], good];
            let dialer = Dialer::new("there.example:7000")?.resolver(Listed::new([addrs]));
            let mut quickest = NEVER;
            for _ in 0..3 {
                let begun = Instant::now();
                assert_eq!(dialer.dial().await?.peer_addr()?, good);
                quickest = quickest.min(begun.elapsed());
            }
            let stagger = Duration::from_millis(250);
            assert!(
                (stagger..stagger + CLOSE).contains(&quickest),
                "{quickest:?}"
            );
            Ok(())
        },
    )
}

#[test]
fn a_host_of_one_family_loses_no_time_on_the_other() -> Result {
    beside_another_host(
        "bad_network::a_host_of_one_family_loses_no_time_on_the_other",
        || async {
            let (v4, v6) = (THERE_V4.parse()?, THERE_V6.parse()?);
            let dialer = |addrs| -> Result<_> {
                let dialer = Dialer::new("there.example:7000")?.attempt_delay(NEVER);
                Ok(dialer.resolver(Listed::new([addrs])))
            };
            shell("ip -4 address flush dev cable")?;
            let stream = timeout(SECOND, dialer([v4, v6])?.dial()).await??;
            assert_eq!(stream.peer_addr()?, v6);

            shell(
                "ip address add 10.77.0.1/24 dev cable && echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6",
            )?;
            let stream = timeout(SECOND, dialer([v6, v4])?.dial()).await??;
            assert_eq!(stream.peer_addr()?, v4);
            Ok(())
        },
    )
}

#[test]
fn a_link_local_address_is_reached_through_its_zone() -> Result {
    let test = "bad_network::a_link_local_address_is_reached_through_its_zone";
    beside_another_host(test, || async {
        let shown = shell_there("ip -brief -6 address show dev cable scope link")?;
        let address = shown
            .split_whitespace()
            .nth(2)
            .and_then(|address| address.split('/').next());
        let target = format!(
            "[{}%cable]:7000",
            address.ok_or("there is no link-local address")?
        );
        // Both hosts first make sure that no other host has the address (RFC 4862 §5.4).
        let connector = TcpConnector::new(Dialer::new(target)?, async |stream, _| {
            assert!(
                stream
                    .peer_addr()
                    .is_ok_and(|peer| peer.to_string().starts_with("[fe80::"))
            );
            io::Result::Ok(End::Exit)
        });
        Ok(timeout(
            SECOND * 10,
            checked(connector.retry(vec![TENTH; 100])).run(),
        )
        .await??)
    })
}

/// Pings, and is answered, more than the line takes in either direction: its queues are always full, which
/// delays packets, and that on this side drops one in three.
async fn crowd() -> io::Result<()> {
    // An echo request (RFC 792) of nothing but zeros, and its checksum.
    let mut ping = [0; 54];
    ping[..4].copy_from_slice(&[8, 0, 0xf7, 0xff]);
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))?;
    let there = SocketAddr::from(([10, 77, 0, 2], 0)).into();
    let mut ticks = interval(TENTH / 10);
    loop {
        ticks.tick().await;
        // 400 packets of 88 bytes a second, where 25,000 bytes get through.
        for _ in 0..4 {
            socket.send_to(&ping, &there)?;
        }
    }
}

/// Row 16: loss and delay, with the default settings, by a token bucket whose queue pings keep full: not every kernel has `netem`.
#[test]
fn of_a_race_over_a_bad_line_one_connection_is_kept() -> Result {
    beside_another_host(
        "bad_network::of_a_race_over_a_bad_line_one_connection_is_kept",
        || async {
            ip_there("address add 10.77.0.3/24 dev cable")?;
            let line = "tc qdisc add dev cable root tbf burst 1540 latency 200ms";
            shell(&format!("{line} rate 200kbit"))?;
            shell_there(&format!("{line} rate 170kbit"))?;
            let crowded = tokio::spawn(crowd());
            sleep(SECOND * 2).await;
            assert!(!crowded.is_finished(), "{:?}", crowded.await);
            let addrs = [
                THERE_V6.parse()?,
                THERE_V4.parse()?,
                "10.77.0.3:7000".parse()?,
            ];
            let dialer = Dialer::new("there.example:7000")?.resolver(Listed::new([addrs]));
            for _ in 0..5 {
                let begun = Instant::now();
                let once = move |mut stream: TcpStream, _: Session| async move {
                    let took = begun.elapsed();
                    assert!(took >= TENTH * 2, "the line is too good: {took:?}");
                    assert_eq!(sockets_to(addrs[0], State::SynSent)?, 0);
                    assert_eq!(sockets_to(addrs[0], State::Established)?, 1);
                    stream.write_all(b"once").await?;
                    stream.read_exact(&mut [0; 4]).await?;
                    // The other host has to hear of the losers' end over the same line.
                    while sockets_in(&there(), 1, addrs[0], State::Established) > 1 {
                        sleep(TENTH).await;
                    }
                    io::Result::Ok(End::Exit)
                };
                let connector = TcpConnector::new(dialer.clone(), once);
                timeout(SECOND * 120, checked(connector).run()).await??;
            }
            let loss = loss()?;
            assert!((0.2..0.4).contains(&loss), "{loss}");
            Ok(())
        },
    )
}

/// Returns the share of packets that the cable's queue has dropped.
fn loss() -> Result<f64> {
    // "Sent 202366 bytes 2301 pkt (dropped 597, overlimits 7349 requeues 0)"
    let shown = shell("tc -s qdisc show dev cable")?;
    let words: Vec<_> = shown.split([' ', ',']).collect();
    let place = words
        .iter()
        .position(|&word| word == "pkt")
        .ok_or("tc tells of no packets")?;
    let (sent, dropped): (f64, f64) = (words[place - 1].parse()?, words[place + 2].parse()?);
    Ok(dropped / (sent + dropped))
}

/// Returns the other host's table of sockets.
fn there() -> String {
    shell_there("cat /proc/net/tcp /proc/net/tcp6").expect("the other host is there")
}
