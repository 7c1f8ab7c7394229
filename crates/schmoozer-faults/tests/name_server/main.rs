//! A name server, asked by raw queries.

mod answers;
mod client;
mod messages;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use schmoozer_faults::Answer;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const SOON: Duration = Duration::from_secs(8);
const PENDING: Duration = Duration::from_millis(200);
const A: u16 = 1;
const AAAA: u16 = 28;
const SOA: u16 = 6;

const V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const V6: Ipv6Addr = Ipv6Addr::LOCALHOST;

fn both() -> Answer {
    Answer::addresses([
        IpAddr::V4(V4),
        IpAddr::V6(V6),
        IpAddr::V4(Ipv4Addr::LOCALHOST),
    ])
}
