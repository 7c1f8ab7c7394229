//! Routes that lead nowhere, and what the kernel answers to each.

use std::net::IpAddr;
use std::time::Duration;

use schmoozer_tcp::{Dialer, End, TcpConnector};
use tokio::time::timeout;

use crate::network::{THERE_V4, beside_another_host, in_a_host_of_its_own, ip_there, shell};
use crate::{Result, checked};

const TENTH: Duration = Duration::from_millis(100);

/// Dials, and returns the number of the error and whether it is worth another try.
async fn refused(target: &str) -> Result<(Option<i32>, bool)> {
    let error = Dialer::new(target)?.dial().await.expect_err(target);
    let number = match error.tried() {
        [tried] => tried.error.raw_os_error(),
        _ => None,
    };
    Ok((number, error.is_transient()))
}

#[test]
fn of_the_routes_that_lead_nowhere_a_prohibited_one_alone_is_final() -> Result {
    let test = "routes::of_the_routes_that_lead_nowhere_a_prohibited_one_alone_is_final";
    in_a_host_of_its_own(test, || async {
        for (route, target, expected) in [
            ("prohibit 10.88.0.1", "10.88.0.1:7000", (13, false)),
            ("unreachable 10.88.0.2", "10.88.0.2:7000", (113, true)),
            ("throw 10.88.0.3", "10.88.0.3:7000", (101, true)),
            ("blackhole 10.88.0.4", "10.88.0.4:7000", (22, true)),
            ("prohibit fd88::1", "[fd88::1]:7000", (13, false)),
            ("unreachable fd88::2", "[fd88::2]:7000", (113, true)),
            ("throw fd88::3", "[fd88::3]:7000", (101, true)),
            ("blackhole fd88::4", "[fd88::4]:7000", (22, true)),
        ] {
            shell(&format!("ip route add {route}"))?;
            let (number, transient) = expected;
            assert_eq!(refused(target).await?, (Some(number), transient), "{route}");
        }
        Ok(())
    })
}

#[test]
fn a_link_local_address_without_its_zone_is_retried() -> Result {
    let test = "routes::a_link_local_address_without_its_zone_is_retried";
    in_a_host_of_its_own(test, || async {
        assert_eq!(refused("[fe80::1]:7000").await?, (Some(22), true));
        Ok(())
    })
}

#[test]
fn a_loopback_address_that_leads_to_no_other_host_is_final() -> Result {
    let test = "routes::a_loopback_address_that_leads_to_no_other_host_is_final";
    beside_another_host(test, || async {
        let dialer = Dialer::new(THERE_V4)?.local_addr(IpAddr::from([127, 0, 0, 1]));
        let error = dialer.dial().await.expect_err("another host");
        assert_eq!(error.tried()[0].error.raw_os_error(), Some(22));
        assert!(!error.is_transient());
        Ok(())
    })
}

#[test]
fn a_route_that_discards_is_waited_out() -> Result {
    let test = "routes::a_route_that_discards_is_waited_out";
    beside_another_host(test, || async {
        ip_there("address add 10.88.0.1/32 dev lo")?;
        shell("ip route add blackhole 10.88.0.1")?;
        let connector = TcpConnector::new(Dialer::new("10.88.0.1:7000")?, async |_, _| {
            std::io::Result::Ok(End::Exit)
        });
        let kept = tokio::spawn(checked(connector.retry(vec![TENTH; 1_000])).run());
        tokio::time::sleep(TENTH * 3).await;
        assert!(!kept.is_finished());
        shell("ip route delete blackhole 10.88.0.1 && ip route add 10.88.0.1 via 10.77.0.2")?;
        Ok(timeout(Duration::from_secs(5), kept).await???)
    })
}
