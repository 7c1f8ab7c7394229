//! What the kernel has open, as `/proc/net/tcp` tells.

use std::collections::HashSet;
use std::fs::read_to_string;
use std::io;
use std::net::SocketAddr;

/// The state of a socket, by the number that the kernel prints.
#[derive(Debug, Clone, Copy)]
pub(crate) enum State {
    Established = 1,
    SynSent = 2,
}

/// Counts the sockets of this host that are connected, or connecting, to the port of `peer`.
pub(crate) fn sockets_to(peer: SocketAddr, state: State) -> io::Result<usize> {
    let table = read_to_string("/proc/net/tcp")? + &read_to_string("/proc/net/tcp6")?;
    Ok(sockets_in(&table, 2, peer, state))
}

/// Counts the sockets in a table of `/proc/net/tcp` that have the port of `addr` in this column: 1 is their own, 2 their
/// peer's.
pub(crate) fn sockets_in(table: &str, column: usize, addr: SocketAddr, state: State) -> usize {
    let port = format!(":{:04X}", addr.port());
    let state = format!("{:02X}", state as u8);
    let matches = table.lines().filter_map(|line| {
        let columns: Vec<_> = line.split_whitespace().collect();
        let here = columns
            .get(column)
            .is_some_and(|addr| addr.ends_with(&port));
        let ends = (columns.get(1).copied(), columns.get(2).copied());
        (here && columns.get(3) == Some(&state.as_str())).then_some(ends)
    });
    // While sockets come and go, the table that is read in pieces may hold one of them twice.
    matches.collect::<HashSet<_>>().len()
}
