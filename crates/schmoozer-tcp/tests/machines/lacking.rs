//! Systems that lack something or forbid it, as a filter of system calls makes them.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use schmoozer_tcp::{Dialer, End, TcpConnector};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter,
};
use tokio::net::TcpListener;

use super::listed::Listed;
use crate::network::{in_a_host_of_its_own, shell};
use crate::{Result, checked, rerun};

const SOCKET: i64 = if cfg!(target_arch = "x86_64") {
    41
} else {
    198
};
const SETSOCKOPT: i64 = if cfg!(target_arch = "x86_64") {
    54
} else {
    208
};
const CONNECT: i64 = if cfg!(target_arch = "x86_64") {
    42
} else {
    203
};

/// From now on this thread gets error `number` from `call`, if its arguments of these places have these values.
fn lacking(call: i64, arguments: &[(u8, u64)], number: u32) -> Result {
    let conditions = arguments.iter().map(|&(place, value)| {
        SeccompCondition::new(place, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
    });
    let rules = if arguments.is_empty() {
        vec![]
    } else {
        vec![SeccompRule::new(
            conditions.collect::<std::result::Result<_, _>>()?,
        )?]
    };
    let filter = SeccompFilter::new(
        [(call, rules)].into(),
        SeccompAction::Allow,
        SeccompAction::Errno(number),
        std::env::consts::ARCH.try_into()?,
    )?;
    let program: BpfProgram = filter.try_into()?;
    Ok(apply_filter(&program)?)
}

/// Runs the body of `test` in a process of its own.
fn apart<F: Future<Output = Result>>(test: &str, body: impl FnOnce() -> F) -> Result {
    if rerun::role().is_none() {
        return rerun::passes(rerun::command(&["env"], test, "apart")?);
    }
    rerun::block_on(body)
}

/// Row 47: a system that has no such option connects by default; what was asked for is missed.
#[test]
fn a_default_that_the_system_lacks_is_left_out() -> Result {
    apart(
        "lacking::a_default_that_the_system_lacks_is_left_out",
        || async {
            let server = TcpListener::bind("127.0.0.1:0").await?;
            let addr = server.local_addr()?;
            let dialer = Dialer::new(addr)?;
            let [tcp, user_timeout, count, nodelay] = [6, 18, 6, 1];
            for option in [user_timeout, count, nodelay] {
                lacking(SETSOCKOPT, &[(1, tcp), (2, option)], 92)?;
                dialer.dial().await?;
            }
            // The loop's first attempt.
            let exit = async |_, _| std::io::Result::Ok(End::Exit);
            let connector = TcpConnector::new(dialer.clone(), exit).retry([Duration::MAX; 0]);
            checked(connector).run().await?;
            let minute = Duration::from_secs(60);
            for (asked, option) in [
                (dialer.clone().user_timeout(minute), "TCP_USER_TIMEOUT"),
                (dialer.clone().dead_after(minute), "keepalive"),
                (dialer.clone().nodelay(true), "TCP_NODELAY"),
            ] {
                let error = asked.dial().await.expect_err("there is no such option");
                // In the words of the C library.
                let words = std::io::Error::from_raw_os_error(92);
                assert_eq!(
                    error.to_string(),
                    format!("could not connect to {addr}: {option}: {words}")
                );
                assert_eq!(error.tried()[0].error.raw_os_error(), Some(92));
            }
            Ok(())
        },
    )
}

/// Row 39: what a firewall or a cgroup forbids is an error of the attempt, with its number.
#[test]
fn a_connect_that_is_forbidden_is_an_error_of_the_attempt() -> Result {
    apart(
        "lacking::a_connect_that_is_forbidden_is_an_error_of_the_attempt",
        || async {
            let dialer = Dialer::new("127.0.0.1:7000")?;
            lacking(CONNECT, &[], 1)?;
            let error = dialer.dial().await.expect_err("it is forbidden");
            assert_eq!(error.tried()[0].error.raw_os_error(), Some(1));
            assert_eq!(
                error.to_string(),
                "could not connect to 127.0.0.1:7000: not permitted"
            );
            assert_eq!(error.kind(), ErrorKind::PermissionDenied);
            Ok(())
        },
    )
}

/// Row 41: a host without IPv6 connects as soon as the name has an IPv4 address.
#[test]
fn a_name_with_addresses_of_a_missing_family_alone_is_used_once_it_has_another() -> Result {
    let test =
        "lacking::a_name_with_addresses_of_a_missing_family_alone_is_used_once_it_has_another";
    apart(test, || async {
        let server = TcpListener::bind("127.0.0.1:0").await?;
        let v4 = server.local_addr()?;
        let v6 = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], v4.port()));
        let resolver = Listed::new([vec![v6], vec![v6, v4]]);
        let dialer = Dialer::new("db.example:7000")?.resolver(resolver);
        let af_inet6 = 10;
        lacking(SOCKET, &[(0, af_inet6)], 97)?;
        let error = dialer.dial().await.expect_err("there is no IPv6");
        assert_eq!(error.tried()[0].error.raw_os_error(), Some(97));
        assert_eq!(dialer.dial().await?.peer_addr()?, v4);
        Ok(())
    })
}

/// Row 40: a local address that comes late is used as soon as it is there.
#[test]
fn a_local_address_that_comes_late_is_used_once_it_is_there() -> Result {
    let test = "lacking::a_local_address_that_comes_late_is_used_once_it_is_there";
    in_a_host_of_its_own(test, || async {
        let server = TcpListener::bind("127.0.0.1:0").await?;
        let local = IpAddr::from([10, 50, 0, 7]);
        let dialer = Dialer::new(server.local_addr()?)?.local_addr(local);
        for _ in 0..2 {
            let error = dialer.dial().await.expect_err("the address is not there");
            assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
            shell("ip address add 10.50.0.7/32 dev lo")?;
            assert_eq!(dialer.dial().await?.local_addr()?.ip(), local);
            shell("ip address delete 10.50.0.7/32 dev lo")?;
        }
        Ok(())
    })
}
